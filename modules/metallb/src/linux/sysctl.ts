import { readFileSync } from 'node:fs';

/** Kernel settings of one interface that decide about load-balanced traffic (ip-sysctl.rst), as they take effect. */
export interface InterfaceSysctls {
  /** 0: off, 1: strict, 2: loose. */
  readonly rpFilter: number;
  /** Marks of a packet count when its return route is looked up. */
  readonly srcValidMark: boolean;
  readonly arpIgnore: number;
  readonly arpAnnounce: number;
  readonly forwardsIpv6: boolean;
}

/** Text of a file below /proc/sys/net. */
export type ReadSysctl = (path: string) => string;

/** Needs no privilege. */
export const readProcSys: ReadSysctl = (path) => readFileSync(`/proc/sys/net/${path}`, 'utf8');

/** What cannot be read (no IPv6, no such interface any more) counts as 0. */
export function readInterfaceSysctls(name: string, read: ReadSysctl): InterfaceSysctls {
  const numberAt = (path: string) => {
    try {
      return Number(read(path).trim()) || 0;
    } catch {
      return 0;
    }
  };
  // The kernel takes the higher of the two for each of these.
  const effective = (setting: string) =>
    Math.max(...['all', name].map((which) => numberAt(`ipv4/conf/${which}/${setting}`)));
  return {
    rpFilter: effective('rp_filter'),
    srcValidMark: effective('src_valid_mark') > 0,
    arpIgnore: effective('arp_ignore'),
    arpAnnounce: effective('arp_announce'),
    forwardsIpv6: numberAt(`ipv6/conf/${name}/forwarding`) > 0,
  };
}
