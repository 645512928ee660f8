import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

/**
 * What each folder may import beside itself. `node:` stands for any built-in of Node; pure folders get none but
 * `node:crypto`, for hashes. This table is the architecture.
 */
const PURE = ['net', 'time', 'node:crypto'];
const PROGRAM = ['net', 'time', 'api', 'duty', 'settings', 'telemetry', 'node:'];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  net: [],
  time: [],
  packet: [...PURE],
  api: ['net'],
  // How what another process sent is read.
  messages: [...PURE, 'api'],
  duty: [...PURE, 'api', 'metallb', 'messages'],
  metallb: [...PURE, 'api'],
  placement: [...PURE, 'api'],
  ipam: [...PURE, 'api'],
  admission: [...PURE, 'api', 'ipam'],
  liveness: [...PURE, 'packet', 'lru-cache'],
  election: [...PURE, 'api', 'packet', 'duty', 'liveness'],
  layer2: [...PURE, 'packet', 'lru-cache'],
  bgp: [...PURE, 'api', 'metallb', 'packet'],
  bfd: [...PURE, 'packet', 'messages'],
  reachability: [...PURE, 'packet', 'duty'],
  store: ['api', 'time', 'node:', 'lru-cache', 'rfc6902'],
  manifests: ['net', 'time', 'api', 'store', 'node:', 'yaml'],
  kube: ['net', 'time', 'api', 'store', 'node:', 'yaml', '@kubernetes/client-node'],
  // What a ConfigMap of an older MetalLB says, as objects of a store.
  legacy: ['api', 'migration', 'store', 'manifests'],
  linux: ['net', 'time', 'node:', 'cap', 'raw-socket', 'koffi'],
  // Sessions of BGP with sockets and a clock.
  routing: ['net', 'time', 'packet', 'api', 'bgp', 'bfd', 'linux', 'node:'],
  telemetry: ['time', 'node:', 'pino', 'prom-client'],
  webhook: [
    ...['time', 'api', 'admission', 'store', 'telemetry', 'node:'],
    ...['@peculiar/x509', 'reflect-metadata'],
  ],
  settings: ['net', 'time', 'packet', 'node:', 'yaml'],
  migration: ['net', 'api'],
  hooks: [...PURE, 'api', 'metallb', 'placement', 'ipam', 'store', 'migration'],
  runner: ['hooks', 'node:'],
  executables: ['hooks', 'runner'],
  'upgrade-executables': ['hooks', 'runner'],
  controller: [
    ...[...PROGRAM, 'placement', 'ipam', 'store', 'manifests', 'kube', 'hooks'],
    ...['admission', 'webhook', 'metallb', 'bgp', 'legacy', 'lru-cache', 'prom-client'],
  ],
  // The whole controller on a copy of the cluster, and what nodes would do about it.
  simulation: ['net', 'time', 'api', 'store', 'duty', 'election', 'telemetry', 'controller'],
  node: ['node:'],
  speaker: [
    ...PROGRAM,
    'messages',
    'metallb',
    'legacy',
    'packet',
    'store',
    'manifests',
    'kube',
    'bgp',
    'bfd',
    'routing',
    'linux',
    'reachability',
    'prom-client',
  ],
  wire: [...PROGRAM, 'packet', 'liveness', 'election', 'layer2', 'linux', 'lru-cache'],
  // The BFD sessions of a node, in a process of their own.
  bfdd: ['net', 'time', 'packet', 'bfd', 'linux', 'settings', 'telemetry', 'node:'],
  cli: [
    ...['net', 'time', 'api', 'placement', 'ipam', 'packet', 'store', 'manifests', 'kube', 'linux'],
    ...['simulation', 'hooks', 'migration', 'settings', 'node:', 'yargs', 'yaml'],
  ],
};
const SPECIFIER =
  /^\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm;

const root = fileURLToPath(new URL('../modules/metallb/', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /^(?:src|hooks)\/.*(?<!\.d)\.ts$/.test(file),
);

/** src/linux/link.ts → linux; hooks/lib/x.ts → hooks; hooks/runner/x.ts → runner */
function folderOf(file: string): string {
  const [top = '', folder = ''] = file.split('/');
  return top === 'src' || folder in MAY_IMPORT ? folder : top;
}

function imported(file: string, specifier: string): string {
  if (specifier === 'node:crypto') return 'node:crypto';
  if (specifier.startsWith('node:')) return 'node:';
  if (specifier.startsWith('.')) {
    return folderOf(relative(root, resolve(root, dirname(file), specifier)));
  }
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function importsOf(file: string): string[] {
  const text = readFileSync(resolve(root, file), 'utf8');
  return [...text.matchAll(SPECIFIER)].map((match) =>
    imported(file, match[1] ?? match[2] ?? match[3] ?? ''),
  );
}

test('imports are found in every form they are written in', () => {
  const text = `
import { a } from './a.ts';
import type {
  B,
} from "../b.ts";
export * from './c.ts';
import 'd';
const e = await import('e');
`;
  const found = [...text.matchAll(SPECIFIER)].map((match) => match[1] ?? match[2] ?? match[3]);
  assert.equal(found, ['./a.ts', '../b.ts', './c.ts', 'd', 'e']);
});

test('there is code to check in every folder of the table', () => {
  const folders = new Set(files.map(folderOf));
  const empty = Object.keys(MAY_IMPORT).filter((folder) => !folders.has(folder));
  assert.equal(empty, []);
});

for (const file of files) {
  const folder = folderOf(file);
  test(`${file} imports only what ${folder}/ may import`, () => {
    const allowed = MAY_IMPORT[folder];
    assert.ok(allowed, `folder ${folder}/ is not in the table`);
    for (const target of importsOf(file)) {
      const builtIn = target === 'node:crypto' && allowed?.includes('node:');
      assert.ok(target === folder || builtIn || allowed?.includes(target), `it imports ${target}`);
    }
  });
}

test.run();
