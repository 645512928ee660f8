import { type Agent, type AgentOptions, startAgent } from './agent.ts';

/** What it does to whoever connects. */
export type Trouble =
  | 'random-bytes'
  | 'a-byte-a-segment'
  | 'slow-loris'
  | 'oversize'
  | 'silent'
  | 'deaf'
  | 'flood';

export interface TroubleLook {
  connections: number;
  /** NOTIFICATIONs, in words. */
  readonly heard: string[];
  readonly routes?: number;
}

/** A router that does what no router should, on a host of the lab. */
export class BgpTroublemaker {
  readonly #agent: Agent<'look', TroubleLook>;

  constructor(agent: Agent<'look', TroubleLook>) {
    this.#agent = agent;
  }

  look(): Promise<TroubleLook> {
    return this.#agent.ask('look');
  }

  stop(): void {
    this.#agent.stop();
  }
}

export async function startBgpTroublemaker(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
  { trouble, asn, id }: { readonly trouble: Trouble; readonly asn: number; readonly id: string },
): Promise<BgpTroublemaker> {
  const args = [`--trouble=${trouble}`, `--asn=${asn}`, `--id=${id}`];
  return new BgpTroublemaker(await startAgent({ ...where, kind: 'bgp-troublemaker', args }));
}
