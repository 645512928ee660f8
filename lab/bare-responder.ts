import { type Agent, type AgentOptions, startAgent } from './agent.ts';

/** A program that answers ARP for one IP and does nothing else. */
export type BareResponder = Agent<never, never>;

export function startBareResponder(
  where: Pick<AgentOptions, 'directory' | 'namespace'>,
  mac: string,
  ip: string,
): Promise<BareResponder> {
  const args = ['eth0', mac, ip];
  return startAgent({ ...where, kind: 'bare-responder', isPunctual: true, args });
}
