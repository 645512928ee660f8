import { type Agent, type AgentOptions, startAgent } from './agent.ts';

/** Says on a node when kube-proxy wrote its rules. Nobody answers there before it was told what to say. */
export class FakeKubeProxy {
  readonly #agent: Agent<object, undefined>;

  constructor(agent: Agent<object, undefined>) {
    this.#agent = agent;
  }

  /** It has written everything that it knows of until now. */
  async sync(): Promise<void> {
    const epochMs = Date.now();
    await this.#agent.ask({ do: 'tell', syncedEpochMs: epochMs, queuedEpochMs: epochMs });
  }

  /** It runs and has never synced, as when it waits for the API server. */
  async tellNothing(): Promise<void> {
    await this.#agent.ask({ do: 'tell', syncedEpochMs: 0, queuedEpochMs: 0 });
  }

  /** Its process is gone. */
  async beSilent(): Promise<void> {
    await this.#agent.ask({ do: 'be-silent' });
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function startFakeKubeProxy(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
): Promise<FakeKubeProxy> {
  return new FakeKubeProxy(await startAgent({ ...where, kind: 'kube-proxy' }));
}
