import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { standBack } from './bystander.ts';
import { signal } from './processes.ts';

const AGENTS = [
  'pod',
  'probe',
  'tcp-hold',
  'prober',
  'port-guard',
  'flood',
  'chorus',
  'relay',
  'kube-proxy',
  'bare-responder',
  'bgp-node',
  'bgp-speaker',
  'bgp-troublemaker',
  'bfd-speaker',
] as const;

/** Agents lie outside the package, whose `cap` and `koffi` they need. */
const PACKAGES = join(import.meta.dirname, '..', 'node_modules');

/** A small program of the lab itself that runs in a namespace. */
export type AgentKind = (typeof AGENTS)[number];

/** Bundles all agents: a bundle starts in 20 ms, a TypeScript file through a loader in 200 ms. */
export function buildAgents(directory: string): void {
  buildSync({
    entryPoints: AGENTS.map((name) => join(import.meta.dirname, 'agents', `${name}.ts`)),
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['cap', 'koffi'],
    logLevel: 'error',
  });
}

export interface AgentOptions {
  readonly kind: AgentKind;
  readonly directory: string;
  readonly namespace: string;
  readonly args?: readonly string[];
  /** It stands for nodes, or is measured beside one: others take it for dead, or slow, when it is kept waiting. */
  readonly isPunctual?: boolean;
}

interface Message {
  readonly ready?: true;
  readonly id?: number;
  readonly reply?: unknown;
  readonly error?: string;
}

/** Talks to one agent: a request, its reply. The agent ends when the lab does. */
export class Agent<Request, Reply> {
  readonly #child: ChildProcess;
  readonly #kind: AgentKind;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #nextId = 1;

  constructor(kind: AgentKind, child: ChildProcess) {
    this.#kind = kind;
    this.#child = child;
    child.on('message', (message: Message) => {
      const settle = this.#waiting.get(message.id ?? 0);
      this.#waiting.delete(message.id ?? 0);
      settle?.(message);
    });
    child.on('exit', () => {
      for (const settle of this.#waiting.values()) settle({ error: 'ended' });
      this.#waiting.clear();
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#kind} does not run`);
    return this.#child.pid;
  }

  ask(request: Request): Promise<Reply> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (message) => {
        if (message.error !== undefined) reject(new Error(`${this.#kind}: ${message.error}`));
        else resolve(message.reply as Reply);
      });
      this.#child.send({ id, request });
    });
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
    if (this.#child.pid !== undefined) signal(this.#child.pid, 'SIGKILL');
  }
}

/** Starts an agent and waits until it listens. */
export function startAgent<Request, Reply>(options: AgentOptions): Promise<Agent<Request, Reply>> {
  const { kind, directory, namespace, args = [], isPunctual = false } = options;
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const program = join(directory, `${kind}.cjs`);
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...env, NODE_PATH: PACKAGES },
    detached: true,
  });
  if (!isPunctual) standBack(child);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${kind} in ${namespace} ended with ${code}`)));
    child.once('message', () => {
      child.removeAllListeners('exit');
      resolve(new Agent<Request, Reply>(kind, child));
    });
  });
}
