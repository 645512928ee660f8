import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandPath } from '../../lab/kubernetes/commands.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const KUBERNETES = ['kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kubectl'];
/** What the script itself runs: a machine without Go has these. */
const UTILITIES = [
  ...['basename', 'cat', 'chmod', 'cut', 'dirname', 'echo', 'head', 'mkdir', 'mv', 'rm', 'sed'],
  ...['sha256sum', 'xargs'],
];
/** `go build -o FOLDER/ PACKAGE…` leaves a command for each package, as Go does. */
const FAKE_GO = `#!/bin/sh
case $1 in
list) echo v1.36.3 ;;
build)
  echo build >>"$BUILDS"
  while [ "$1" != -o ]; do shift; done
  folder=$2
  shift 2
  for package in "$@"; do
    echo '#!/bin/sh' >"$folder$(basename "$package")"
    chmod +x "$folder$(basename "$package")"
  done
  ;;
esac
`;

/** A checkout with nothing but the recipes, on a machine of its own. */
class Checkout {
  readonly #root = mkdtempSync(join(tmpdir(), 'cluster-tools-'));
  readonly assets = this.#folder('assets');
  readonly goSum = join(this.#root, 'tests', 'cluster', 'tools', 'kubernetes', 'go.sum');
  readonly #bin = this.#folder('bin');
  readonly #cache = this.#folder('cache');
  readonly #builds = join(this.#root, 'builds');

  constructor() {
    for (const part of ['.ci/cluster-tools', 'tests/cluster/tools']) {
      cpSync(join(PROJECT, part), join(this.#root, part), { recursive: true });
    }
    for (const name of UTILITIES) {
      const folder = ['/usr/bin', '/bin'].find((one) => existsSync(join(one, name)));
      symlinkSync(join(folder ?? '', name), join(this.#bin, name));
    }
  }

  hasGo(): void {
    command(join(this.#bin, 'go'), FAKE_GO);
  }

  /** @returns its exit code and what it said, on either channel */
  run(...args: readonly string[]): { code: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(join(this.#root, '.ci', 'cluster-tools'), args, {
      encoding: 'utf8',
      env: {
        PATH: this.#bin,
        METALLB_TOOLS_CACHE: this.#cache,
        KUBEBUILDER_ASSETS: this.assets,
        BUILDS: this.#builds,
      },
    });
    return { code: status, said: `${stdout}${stderr}` };
  }

  /** Folders of the cache. */
  get built(): string[] {
    return readdirSync(this.#cache);
  }

  /** How often Go was asked to build. */
  get builds(): number {
    return existsSync(this.#builds) ? readFileSync(this.#builds, 'utf8').split('\n').length - 1 : 0;
  }

  remove(): void {
    rmSync(this.#root, { recursive: true });
  }

  #folder(name: string): string {
    const path = join(this.#root, name);
    mkdirSync(path);
    return path;
  }
}

function command(path: string, text = '#!/bin/sh\n'): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

const tools = suite<{ checkout: Checkout }>('cluster tools');
tools.before.each((context) => {
  context.checkout = new Checkout();
});
tools.after.each(({ checkout }) => checkout.remove());

tools(
  'without Go and without assets one line says what is missing, and it is a failure',
  ({ checkout }) => {
    const { code, said } = checkout.run('kubernetes');
    assert.is(code, 1);
    assert.is(
      said,
      `cluster tests need the commands of ${KUBERNETES.join(' ')}: install Go 1.26 or point KUBEBUILDER_ASSETS at them\n`,
    );
  },
);

tools(
  'assets that hold every command are enough, and nothing is built beside them',
  ({ checkout }) => {
    checkout.hasGo();
    for (const name of KUBERNETES) command(join(checkout.assets, name));
    assert.equal(checkout.run('kubernetes'), { code: 0, said: '' });
    assert.equal(checkout.built, []);
  },
);

tools('assets that lack a command do not stand in for a build', ({ checkout }) => {
  for (const name of KUBERNETES.slice(1)) command(join(checkout.assets, name));
  assert.is(checkout.run('kubernetes').code, 1);
});

tools('what is built is kept outside of the checkout, and not built again', ({ checkout }) => {
  checkout.hasGo();
  assert.equal(checkout.run('kubernetes', 'helm').code, 0);
  assert.is(checkout.builds, 2);
  const folder = checkout.run('--path', 'kubernetes').said.trim();
  assert.equal(readdirSync(folder).sort(), KUBERNETES);
  checkout.run('kubernetes', 'helm');
  assert.is(checkout.builds, 2);
});

tools('another go.sum is another build beside it', ({ checkout }) => {
  checkout.hasGo();
  checkout.run('kubernetes');
  appendFileSync(checkout.goSum, 'example.com/more v1.0.0 h1:AAAA=\n');
  checkout.run('kubernetes');
  assert.is(checkout.builds, 2);
  assert.is(checkout.built.length, 2);
});

tools('the lab takes a command of the assets first', ({ checkout }) => {
  const before = process.env['KUBEBUILDER_ASSETS'];
  process.env['KUBEBUILDER_ASSETS'] = checkout.assets;
  try {
    assert.is(commandPath('etcd'), 'etcd', 'Debian’s');
    for (const name of ['etcd', 'kube-apiserver'] as const) {
      command(join(checkout.assets, name));
      assert.is(commandPath(name), join(checkout.assets, name));
    }
  } finally {
    if (before === undefined) delete process.env['KUBEBUILDER_ASSETS'];
    else process.env['KUBEBUILDER_ASSETS'] = before;
  }
});

tools.run();
