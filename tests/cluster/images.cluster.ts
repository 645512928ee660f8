import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { tryRun } from '../../lab/exec.ts';
import {
  findOrBuildImage,
  IMAGE_NAMES,
  type ImageName,
  imageRootFilesystem,
} from '../../lab/image.ts';
import { dockerfileOf } from '../../lab/image-build.ts';
import { runInImage } from '../images/container.ts';
import { commandsIn, filesIn, mebibytesIn, textOf, writableIn } from '../images/contents.ts';
import type { ClusterScenario } from './cluster-scenario.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
/** Both builds and their base, with nothing in the cache, on a machine that is busy. */
const BUILD_DEADLINE_MS = 1_800_000;

/** What only building needs, and what an attacker would look for. */
const BUILD_COMMANDS = [
  ...['gcc', 'g++', 'cc', 'c++', 'make', 'python3', 'node-gyp'],
  ...['npm', 'npx', 'corepack', 'yarn', 'yarnpkg', 'git', 'curl', 'wget'],
];
const BUILD_FOLDERS = [
  ...['src', 'root/.npm', 'root/.npmrc', 'tmp', 'run/secrets', 'var/lib/apt/lists'],
  ...['usr/include', 'usr/local/include', 'usr/local/lib/node_modules'],
];

const KOFFI_ADDON = `node_modules/@koromix/koffi-linux-${process.arch}`;

const APP_FILES: Readonly<Record<ImageName, readonly string[]>> = {
  controller: ['dist/controller.mjs', 'dist/mlb.mjs'],
  node: [
    ...['dist/bfdd.mjs', 'dist/mlb.mjs', 'dist/node.mjs', 'dist/speaker.mjs', 'dist/wire.mjs'],
    ...[`${KOFFI_ADDON}/index.js`, `${KOFFI_ADDON}/linux_${process.arch}/koffi.node`],
    `${KOFFI_ADDON}/package.json`,
    ...['node_modules/cap/LICENSE', 'node_modules/cap/build/Release/cap.node'],
    ...['node_modules/cap/lib/Cap.js', 'node_modules/cap/lib/Decoders.js'],
    'node_modules/cap/package.json',
    ...['node_modules/koffi/LICENSE.txt', 'node_modules/koffi/index.js'],
    ...['node_modules/koffi/package.json', 'node_modules/koffi/src/koffi/index.js'],
    'node_modules/koffi/src/koffi/src/static.js',
    ...['node_modules/raw-socket/README.md', 'node_modules/raw-socket/build/Release/raw.node'],
    ...['node_modules/raw-socket/index.js', 'node_modules/raw-socket/package.json'],
  ],
  // All that is executable there is a hook to the operator.
  'shell-operator': [
    ...['hooks/alert-annotations.mjs', 'hooks/expand-services.mjs'],
    ...['hooks/fold-status.mjs', 'hooks/label-nodes.mjs'],
  ],
};
/** The entry point is the first; the others are what it starts. */
const PROGRAMS = {
  controller: ['controller', 'mlb'],
  node: ['node', 'speaker', 'wire', 'bfdd', 'mlb'],
} as const;
const ENTRY_POINTS: Readonly<Record<ImageName, readonly string[]>> = {
  controller: ['node', '/app/dist/controller.mjs'],
  node: ['node', '/app/dist/node.mjs'],
  'shell-operator': ['shell-operator', 'start'],
};
const USERS: Readonly<Record<ImageName, string>> = {
  ...{ controller: '64535:64535', node: '0:0' },
  'shell-operator': '64535:64535',
};

const OPEN_CAPTURE = `const { Cap } = require('/app/node_modules/cap');
const capture = new Cap();
console.log(capture.open('lo', 'arp', 65536, Buffer.alloc(65536)));
capture.close();`;

/** BGP and BFD make their sockets so. */
const ASK_LIBC = `import('/app/node_modules/koffi/index.js').then(({ default: koffi }) => {
  console.log(koffi.load(null).func('int getpid()')() === process.pid);
});`;

function eachImage(
  what: string,
  play: (name: ImageName) => Promise<void>,
): readonly ClusterScenario[] {
  return IMAGE_NAMES.map((name) => ({
    name: `images/${name}-${what}`,
    deadlineMs: BUILD_DEADLINE_MS,
    play: () => play(name),
  }));
}

/** The images that the Dockerfiles build. None of these needs the cluster. */
export const scenarios: readonly ClusterScenario[] = [
  ...eachImage('passes-the-linter', async (name) => {
    const { code, stdout } = await hadolint(dockerfileText(name));
    assert.is(code, 0, stdout);
    const careless = await hadolint('FROM debian\n');
    assert.match(careless.stdout, 'DL3006', 'it would say so');
  }),

  ...eachImage('builds', async (name) => {
    const { root, buildMs } = await imageRootFilesystem(name);
    const figures = {
      image: name,
      buildSeconds: buildMs / 1_000,
      mebibytes: mebibytesIn(root),
      ownMebibytes: mebibytesIn(root, 'app'),
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }),

  ...eachImage('comes-from-the-cache-the-second-time', async (name) => {
    const first = await imageRootFilesystem(name);
    const { ino } = statSync(first.root);
    assert.equal(await findOrBuildImage(name), first);
    assert.is(statSync(first.root).ino, ino);
  }),

  ...eachImage('holds-what-runs-and-no-more', async (name) => {
    const { root } = await imageRootFilesystem(name);
    assert.equal(filesIn(root, 'app'), APP_FILES[name]);
    assert.equal(commandsIn(root, BUILD_COMMANDS), []);
    for (const folder of BUILD_FOLDERS) assert.equal(filesIn(root, folder), [], folder);
    for (const file of ['etc/hostname', 'etc/hosts', 'etc/resolv.conf']) {
      assert.is(textOf(root, file), '', `${file} is the builder's`);
    }
    assert.equal(filesIn(root, 'etc/ssl/certs'), [], 'whom the builder trusts');
    assert.equal(
      filesIn(root, 'var/cache/apt').filter((file) => file.endsWith('.deb')),
      [],
    );
  }),

  ...eachImage('names-its-user-entry-point-and-licence', async (name) => {
    const { root, ...image } = await imageRootFilesystem(name);
    assert.is(image.user, USERS[name]);
    assert.equal(image.entrypoint, ENTRY_POINTS[name]);
    assert.is(image.env['NODE_ENV'], 'production');
    assert.is(image.labels['org.opencontainers.image.licenses'], 'Apache-2.0');
    assert.equal(writableIn(root, 'app'), [], 'not even its own user changes a program');
  }),

  ...eachImage('runs-the-node-that-its-dockerfile-pins', async (name) => {
    const [, pinned] = /^ARG BASE=.*\/node:([\d.]+)-bookworm-slim@sha256:[\da-f]{64}$/m.exec(
      dockerfileText(name),
    ) ?? ['', 'no version with a digest'];
    const { stdout } = await runInImage(await imageRootFilesystem(name), ['node', '--version']);
    assert.is(stdout.trim(), `v${pinned}`);
  }),

  ...(['controller', 'node'] as const).map((name) => ({
    name: `images/${name}-starts-each-program`,
    deadlineMs: BUILD_DEADLINE_MS,
    play: async () => {
      const image = await imageRootFilesystem(name);
      for (const program of PROGRAMS[name]) {
        const command = ['node', `/app/dist/${program}.mjs`, '--help'];
        const { code, stdout, stderr } = await runInImage(image, command);
        assert.is(code, 0, stderr);
        assert.is(stderr, '', program);
        assert.match(stdout, /^(Usage:|mlb VERB)/);
      }
    },
  })),

  {
    name: 'images/shell-operator-is-of-the-pinned-version-and-runs-each-hook',
    deadlineMs: BUILD_DEADLINE_MS,
    play: async () => {
      const image = await imageRootFilesystem('shell-operator');
      const [, pinned] =
        /^ARG OPERATOR=.*:(v[\d.]+)$/m.exec(dockerfileText('shell-operator')) ?? [];
      const { stdout } = await runInImage(image, ['shell-operator', 'version']);
      assert.match(stdout, `shell-operator ${pinned}\n`);
      assert.is((await runInImage(image, ['jq', '--version'])).code, 0, 'the filters need jq');
      for (const file of APP_FILES['shell-operator']) {
        const told = await runInImage(image, [`/app/${file}`, '--config']);
        assert.is(told.stderr, '', file);
        assert.is(JSON.parse(told.stdout).configVersion, 'v1', file);
      }
    },
  },

  {
    name: 'images/node-captures-with-net-raw-alone',
    deadlineMs: BUILD_DEADLINE_MS,
    play: async () => {
      const image = await imageRootFilesystem('node');
      const open = ['node', '--eval', OPEN_CAPTURE];
      const allowed = await runInImage(image, open, ['net_raw']);
      assert.is(allowed.stdout.trim(), 'ETHERNET', allowed.stderr);
      const refused = await runInImage(image, open);
      assert.is.not(refused.code, 0);
      assert.match(refused.stderr, 'Operation not permitted');
    },
  },

  {
    name: 'images/node-calls-its-libc',
    deadlineMs: BUILD_DEADLINE_MS,
    play: async () => {
      const ask = ['node', '--eval', ASK_LIBC];
      const { stdout, stderr } = await runInImage(await imageRootFilesystem('node'), ask);
      assert.is(stdout.trim(), 'true', stderr);
    },
  },

  {
    name: 'images/node-tells-its-links',
    deadlineMs: BUILD_DEADLINE_MS,
    play: async () => {
      const links = ['ip', '-json', 'link', 'show', 'dev', 'lo'];
      const { stdout } = await runInImage(await imageRootFilesystem('node'), links);
      assert.match(stdout, '"ifname":"lo"');
    },
  },

  {
    name: 'images/are-of-one-base',
    play: async () => {
      const bases = IMAGE_NAMES.map((name) => baseOf(name));
      assert.is(new Set(bases).size, 1, bases.join(' and '));
    },
  },

  {
    name: 'images/shell-operator-has-the-first-stage-of-the-controller',
    play: async () => {
      const [own, other] = (['shell-operator', 'controller'] as const).map((name) =>
        buildStageOf(name),
      );
      assert.match(own ?? '', 'RUN node build.mjs');
      assert.is(own, other);
    },
  },
];

function dockerfileText(name: ImageName): string {
  return readFileSync(join(PROJECT, dockerfileOf(name)), 'utf8');
}

function buildStageOf(name: ImageName): string {
  return /^FROM \S+ AS build\n.*?^FROM/ms.exec(dockerfileText(name))?.[0] ?? '';
}

function baseOf(name: ImageName): string {
  return /^ARG BASE=(.*)$/m.exec(dockerfileText(name))?.[1] ?? '';
}

/** @param dockerfile its text */
function hadolint(dockerfile: string) {
  return tryRun([join(PROJECT, '.ci', 'hadolint'), '-'], dockerfile);
}
