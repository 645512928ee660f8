import { spawnSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Controller } from '../modules/metallb/src/controller/controller.ts';
import { ManifestStore } from '../modules/metallb/src/manifests/manifest-store.ts';
import { createLogger } from '../modules/metallb/src/telemetry/logger.ts';
import { systemClock } from '../modules/metallb/src/time/system-clock.ts';

/**
 * A controller starts on a directory of manifests in which Services wait for their IPs, one YAML file each, until the
 * last Service has its status. Each size in a process of its own, as a controller that starts has no warm code.
 */
const SIZES = [1_000, 5_000];
const NODES = 10;
const POLL_MS = 5;
/** The calls that the store makes: all of them block. */
const FILE_CALLS = [
  'readFileSync',
  'writeFileSync',
  'renameSync',
  'statSync',
  'lstatSync',
] as const;

const [size] = process.argv.slice(2);
if (size !== undefined) await start(Number(size));
else SIZES.forEach(startInOwnProcess);

function startInOwnProcess(services: number): void {
  const self = fileURLToPath(import.meta.url);
  spawnSync(process.execPath, [...process.execArgv, self, String(services)], { stdio: 'inherit' });
}

async function start(services: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'controller-start-'));
  try {
    writeManifests(directory, services);
    process.stdout.write(`${JSON.stringify(await measure(directory, services))}\n`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measure(directory: string, services: number): Promise<object> {
  const log = createLogger({ program: 'controller', level: 'error' });
  const store = new ManifestStore({
    directory,
    writer: { role: 'controller' },
    clock: systemClock,
    onProblem: (problem) => log.error('manifest is wrong', { problem }),
  });
  const ports = { store, clock: systemClock, random: Math.random, log, tell: () => {} };
  const controller = new Controller(ports);
  const files = watchFileCalls();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await store.start();
  const readMs = performance.now() - startedAt;
  controller.lead();
  while (
    controller.usage().get('ingress')?.used !== BigInt(services) ||
    controller.queueDepth > 0
  ) {
    await delay(POLL_MS);
  }
  await controller.idle();
  const totalMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const figures = { totalS: totalMs / 1_000, readS: readMs / 1_000, cpuS: (user + system) / 1e6 };
  await controller.stop();
  await store.stop();
  return {
    bench: 'controller-start',
    services,
    ...rounded(figures),
    fileCalls: files.calls,
    ...rounded({ fileS: files.ms / 1_000, fileShare: files.ms / totalMs }),
  };
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(2))]),
  );
}

/** Counts and times the file system's share from now on. */
function watchFileCalls(): { calls: number; ms: number } {
  const total = { calls: 0, ms: 0 };
  for (const name of FILE_CALLS) {
    const call: (...args: never[]) => unknown = fs[name];
    const timed = (...args: never[]) => {
      const startedAt = performance.now();
      try {
        return call(...args);
      } finally {
        total.calls += 1;
        total.ms += performance.now() - startedAt;
      }
    };
    Object.assign(fs, { [name]: timed });
  }
  syncBuiltinESMExports();
  return total;
}

function writeManifests(directory: string, services: number): void {
  writeFileSync(
    join(directory, 'class.yaml'),
    `apiVersion: network.deckhouse.io/v1alpha1
kind: MetalLoadBalancerClass
metadata:
  name: ingress
spec:
  isDefault: true
  addressPool: [10.0.0.0/16]
`,
  );
  for (let index = 0; index < NODES; index += 1) {
    const node = `apiVersion: v1\nkind: Node\nmetadata:\n  name: node-${index}\n`;
    writeFileSync(join(directory, `node-${index}.yaml`), node);
  }
  mkdirSync(join(directory, 'services'));
  for (let index = 0; index < services; index += 1) {
    const service = `apiVersion: v1
kind: Service
metadata:
  name: web-${index}
  namespace: default
  labels:
    app: web-${index}
spec:
  type: LoadBalancer
  selector:
    app: web-${index}
  ports:
  - name: http
    port: 80
    targetPort: 8080
  - name: https
    port: 443
    targetPort: 8443
`;
    writeFileSync(join(directory, 'services', `web-${index}.yaml`), service);
  }
}
