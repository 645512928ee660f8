import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hook as expandServices } from '../modules/metallb/hooks/expand-services.ts';
import { classOf, node, service } from '../tests/support/cluster-objects.ts';
import { projectClass, projectNode, projectServiceToExpand } from '../tests/support/projections.ts';

/**
 * What one run of a hook as an executable costs, beside Node that does nothing, by turns: what the machine does
 * meanwhile, it does to all. Prints the median of each, and its ratio to Node's. `hook-run.ts [ROUNDS]`, after
 * `make build`.
 */
const [rounds = 20] = process.argv.slice(2).map(Number);
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

interface Attempt {
  readonly command: readonly string[];
  readonly services?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

const hook = join(dist, 'hooks', 'expand-services.mjs');
const launcher = join(dist, 'deckhouse', 'hooks', 'metallb-hooks');
const asChosen = { metallb: { hookRunner: 'shell-operator' } };
const certificates = existsSync(CERTIFICATES) ? { NODE_EXTRA_CA_CERTS: CERTIFICATES } : {};
const run = ['hook', 'run', '0'];
const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'node -e 0': { command: [process.execPath, '-e', '0'] },
  'hook --config': { command: [hook, '--config'] },
  'hook, 10 Services': { command: [hook], services: 10 },
  'hook, 1,000 Services': { command: [hook], services: 1_000 },
  'hook, 10,000 Services': { command: [hook], services: 10_000 },
  'hook with NODE_EXTRA_CA_CERTS, 10 Services': {
    command: [hook],
    services: 10,
    environment: certificates,
  },
  'launcher with NODE_EXTRA_CA_CERTS, 10 Services': {
    command: [launcher, ...run],
    services: 10,
    environment: certificates,
  },
};

const directory = mkdtempSync(join(tmpdir(), 'hook-run-'));
try {
  writeFileSync(join(directory, 'values.json'), JSON.stringify(asChosen));
  measure();
} finally {
  rmSync(directory, { recursive: true });
}

function measure(): void {
  const samples = new Map(Object.keys(ATTEMPTS).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, attempt] of Object.entries(ATTEMPTS)) samples.get(name)?.push(timed(attempt));
  }
  const idle = median(samples.get('node -e 0') ?? []);
  for (const [what, values] of samples) {
    const ms = median(values);
    const line = { what, rounds, p50Ms: rounded(ms), ratioToNode: rounded(ms / idle) };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}

function timed({ command, services = 0, environment = {} }: Attempt): number {
  const [program = '', ...args] = command;
  const output = (name: string) => {
    writeFileSync(join(directory, name), '');
    return join(directory, name);
  };
  const env = {
    PATH: process.env['PATH'],
    BINDING_CONTEXT_PATH: contextFile(services),
    KUBERNETES_PATCH_PATH: output('patch'),
    METRICS_PATH: output('metrics'),
    VALUES_PATH: join(directory, 'values.json'),
    ...environment,
  };
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(program, args, { cwd: '/', env, encoding: 'utf8' });
  const ms = performance.now() - startedAt;
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return ms;
}

/** A cluster at rest but for its children: every Service wants one. */
function contextFile(services: number): string {
  const path = join(directory, `contexts-${services}.json`);
  if (existsSync(path)) return path;
  const entries = (objects: readonly object[]) =>
    objects.map((object) => ({ filterResult: object }));
  const pool = { isDefault: true, addressPool: ['10.0.0.0/8'] };
  const snapshots = {
    classes: entries([projectClass(classOf('c', pool))]),
    nodes: entries(['n1', 'n2', 'n3'].map((name) => projectNode(node(name)))),
    services: entries(
      Array.from({ length: services }, (_, index) => projectServiceToExpand(service(`s${index}`))),
    ),
    children: [],
  };
  const [{ group } = { group: '' }] = expandServices.config.kubernetes;
  const context = { binding: 'services', type: 'Group', groupName: group, snapshots };
  writeFileSync(path, JSON.stringify([context]));
  return path;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
