import { type LabBfdSpeaker, startBfdSpeaker } from '../../lab/bfd-speaker.ts';
import type { BfdDaemon, BfdPeerPlan } from '../../lab/routers/bfd-daemon.ts';
import { Bfdd } from '../../lab/routers/bfdd.ts';
import { BirdBfd } from '../../lab/routers/bird-bfd.ts';

export interface BfdTask {
  readonly namespace: string;
  readonly directory: string;
  /** Where the lab's own programs are. */
  readonly agents: string;
  readonly plan: BfdPeerPlan;
}

/** One end of a session. */
export interface BfdEnd {
  start(): Promise<void>;
  isUp(): Promise<boolean>;
  /** When it found the other one gone for the last time, in wall-clock milliseconds. */
  lastFailureAt(): Promise<number | undefined>;
  stop(): Promise<void>;
}

export const BFD_SPEAKERS: Readonly<Record<string, (task: BfdTask) => BfdEnd>> = {
  mlb: (task) => new Own(task),
  frr: (task) => new Other(new Bfdd(task, task.plan)),
  bird: (task) => new Other(new BirdBfd(task, task.plan)),
};

class Own implements BfdEnd {
  readonly #task: BfdTask;
  #speaker: LabBfdSpeaker | undefined;

  constructor(task: BfdTask) {
    this.#task = task;
  }

  async start(): Promise<void> {
    const { namespace, agents, plan } = this.#task;
    const { address: peer, local, interface: name, intervalMs } = plan;
    this.#speaker = await startBfdSpeaker({ namespace, directory: agents });
    const link = name === undefined ? {} : { interface: name };
    await this.#speaker.ask({ do: 'add', spec: { peer, local, intervalMs, ...link } });
  }

  async isUp(): Promise<boolean> {
    return (await this.#speaker?.ask({ do: 'look' }))?.state === 'Up';
  }

  async lastFailureAt(): Promise<number | undefined> {
    const look = await this.#speaker?.ask({ do: 'look' });
    return look?.events.findLast(({ event }) => event.type === 'failed')?.at;
  }

  stop(): Promise<void> {
    this.#speaker?.stop();
    return Promise.resolve();
  }
}

class Other implements BfdEnd {
  readonly #daemon: BfdDaemon;

  constructor(daemon: BfdDaemon) {
    this.#daemon = daemon;
  }

  start(): Promise<void> {
    return this.#daemon.start();
  }

  async isUp(): Promise<boolean> {
    return (await this.#daemon.state()) === 'up';
  }

  lastFailureAt(): Promise<number | undefined> {
    return Promise.resolve(this.#daemon.lastFailureAt());
  }

  stop(): Promise<void> {
    return this.#daemon.kill();
  }
}
