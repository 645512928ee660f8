import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { delay, until } from '../../lab/exec.ts';
import { type Api, PATCH } from '../../lab/kubernetes/api.ts';
import { commandPath } from '../../lab/kubernetes/commands.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { Program } from '../../lab/program.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  type HookCase,
  type Outcome,
  outcomeOf,
  type Step,
  servedStatus,
} from '../support/hook-case.ts';
import { playInMemory } from '../support/hook-case-player.ts';
import type { TestCluster } from './cluster-scenario.ts';
import { applyObject, removeAll } from './store-support.ts';

const DIST = join(import.meta.dirname, '..', '..', 'dist');
/** As in a cluster with many Services; the defaults, 5 and 10, would make a hundred patches take 20 s. */
const PLENTY = '1000';

/** The real operator with the built hooks. */
export class ShellOperator {
  readonly #program: Program;
  readonly #port: number;
  readonly #logFile: string;

  constructor(program: Program, port: number, logFile: string) {
    this.#program = program;
    this.#port = port;
    this.#logFile = logFile;
  }

  /** Lines of its log. */
  log(): Record<string, unknown>[] {
    const lines = readFileSync(this.#logFile, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  /** What it serves to Prometheus, line by line: of its own, or of the hooks. */
  async metrics(path: '/metrics' | '/metrics/hooks'): Promise<string[]> {
    const request = get({ host: '127.0.0.1', port: this.#port, path });
    const [response] = await once(request, 'response');
    return (await text(response)).split('\n').filter((line) => !line.startsWith('#'));
  }

  /** How often it has run hooks because something changed. */
  async runs(): Promise<number> {
    const lines = await this.metrics('/metrics');
    return lines
      .filter((line) => line.startsWith('shell_operator_hook_run_seconds_count{'))
      .filter((line) => !line.includes('binding="every-minute"'))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  start(): void {
    this.#program.start();
  }

  async stop(): Promise<void> {
    await this.#program.killTree();
  }
}

export async function shellOperator({ plane, directory }: TestCluster): Promise<ShellOperator> {
  const own = mkdtempSync(join(directory, 'shell-operator-'));
  const port = await freePort();
  const logFile = join(own, 'log');
  mkdirSync(join(own, 'tmp'));
  const command = [
    ...[commandPath('shell-operator'), 'start', `--hooks-dir=${join(DIST, 'hooks')}`],
    ...[`--tmp-dir=${join(own, 'tmp')}`, `--kube-config=${plane.kubeconfig('admin')}`],
    ...['--listen-address=127.0.0.1', `--listen-port=${port}`, '--log-type=json'],
    ...[`--debug-unix-socket=${join(own, 'debug.socket')}`],
    ...[`--kube-client-qps=${PLENTY}`, `--kube-client-burst=${PLENTY}`],
    `--object-patcher-kube-client-qps=${PLENTY}`,
    `--object-patcher-kube-client-burst=${PLENTY}`,
  ];
  return new ShellOperator(
    new Program({ name: 'shell-operator', command, logFile }),
    port,
    logFile,
  );
}

/** The built controller. */
export async function controller(
  { plane, directory }: TestCluster,
  hookRunner: 'controller' | 'shell-operator',
): Promise<Program> {
  const own = mkdtempSync(join(directory, 'controller-'));
  return new Program({
    name: 'controller',
    command: [
      ...[process.execPath, join(DIST, 'controller.mjs'), '--store=kubernetes'],
      ...[`--hook-runner=${hookRunner}`, `--metrics-address=127.0.0.1:${await freePort()}`],
      '--webhook-address=off',
    ],
    logFile: join(own, 'log'),
    environment: { KUBECONFIG: plane.kubeconfig('admin') },
  });
}

/** Plays a case, and after each step waits for the outcome that it has in memory. */
export async function playOnApiServer(api: Api, one: HookCase): Promise<void> {
  const { outcomes } = await playInMemory(one);
  const [first, ...others] = outcomes;
  for (const object of one.start) await applyObject(api, object);
  await reached(api, one, first);
  for (const [index, step] of (one.steps ?? []).entries()) {
    await take(api, step);
    await reached(api, one, others[index]);
  }
  // Nobody has anything to add.
  await delay(300);
  await reached(api, one, one.expected);
  await removeAll(api);
}

async function take(api: Api, step: Step): Promise<void> {
  if ('apply' in step) return applyObject(api, step.apply);
  if ('serve' in step) {
    const { kind, name, namespace } = step.serve;
    const status = servedStatus(step.ips);
    await api.send('PATCH', `${objectPath(kind, name, namespace)}/status`, { status }, PATCH.merge);
    return;
  }
  const { kind, name, namespace } = step.remove;
  await api.send('DELETE', objectPath(kind, name, namespace));
}

async function reached(api: Api, { name }: HookCase, expected: Outcome | undefined): Promise<void> {
  let seen: Outcome | undefined;
  const what = () =>
    `${name}: expected ${JSON.stringify(expected, null, 1)}, there is ${JSON.stringify(seen, null, 1)}`;
  await until({ what, deadlineMs: 45_000, everyMs: 50 }, async () => {
    seen = await outcome(api);
    return isDeepStrictEqual(seen, expected);
  });
}

async function outcome(api: Api): Promise<Outcome> {
  const list = async (kind: string) => {
    const { items } = (await api.get(collectionPath(kind))) as { items: KubernetesObject[] };
    return items;
  };
  const services = (await list('Service')).filter(({ metadata }) => metadata.name !== 'kubernetes');
  return outcomeOf({ services, children: await list(CHILD_KIND), nodes: await list('Node') });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Plays beside a running controller; its last words are part of a failure. */
export async function withController(
  cluster: TestCluster,
  runner: 'controller' | 'shell-operator',
  play: () => Promise<void>,
): Promise<void> {
  const program = await controller(cluster, runner);
  program.start();
  try {
    await play();
  } catch (error) {
    const words = program.lastLogLines(3).join(' | ');
    throw new Error(`the controller's last words: ${words}`, { cause: error });
  } finally {
    await program.stop();
  }
}
