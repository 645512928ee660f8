import type { IpAddress } from '../net/ip.ts';

/** Between whom a session is, and what it is found by while its peer does not know its discriminator. */
export interface BfdPath {
  readonly peer: IpAddress;
  /** That packets come in by; undefined: any. */
  readonly interface: string | undefined;
  readonly isMultihop: boolean;
}

/** The same for paths between which packets can't be told apart: there can be one session only. */
export function bfdPathKey({ peer, interface: name, isMultihop }: BfdPath): string {
  return `${isMultihop ? 'multihop' : 'neighbour'} ${peer}${name === undefined ? '' : ` ${name}`}`;
}
