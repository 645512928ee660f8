import { run } from '../../lab/exec.ts';
import type { IpFamily } from '../../modules/metallb/src/net/ip.ts';

export const SPEAKER = { asn: 64_500, IPv4: '10.9.0.1', IPv6: 'fd00:9::1' } as const;
export const ROUTER = { asn: 64_501, IPv4: '10.9.0.254', IPv6: 'fd00:9::fe' } as const;
/** On the speaker's host, for a speaker that learns its routes from another one there. */
export const FEED = {
  ...{ asn: 64_499, from: { IPv4: '10.8.0.2', IPv6: 'fd00:8::2' } },
  to: { IPv4: '10.8.0.1', IPv6: 'fd00:8::1' },
} as const;

/** Two hosts and the cable between them. */
export interface Place {
  readonly speaker: string;
  readonly router: string;
}

export async function layCable(name: string): Promise<Place> {
  const place = { speaker: `${name}-speaker`, router: `${name}-router` };
  for (const host of [place.speaker, place.router]) {
    await run(['ip', 'netns', 'add', host]);
    // A duplicate-address check would keep the IPv6 address unusable for 1.8 s.
    const quiet = ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.all.forwarding=1'];
    await run(['ip', 'netns', 'exec', host, 'sysctl', '-qw', ...quiet]);
  }
  const ends = ['name', 'eth0', 'netns', place.router, 'type', 'veth', 'peer', 'name', 'eth0'];
  await run(['ip', 'link', 'add', ...ends, 'netns', place.speaker]);
  await bringUp(place.speaker, SPEAKER);
  await bringUp(place.router, ROUTER);
  for (const ip of [FEED.from, FEED.to].flatMap(({ IPv4, IPv6 }) => [IPv4, IPv6])) {
    await run(['ip', '-n', place.speaker, 'address', 'add', ip, 'dev', 'lo']);
  }
  return place;
}

async function bringUp(host: string, addresses: Readonly<Record<IpFamily, string>>): Promise<void> {
  for (const device of ['lo', 'eth0']) await run(['ip', '-n', host, 'link', 'set', device, 'up']);
  await run(['ip', '-n', host, 'address', 'add', `${addresses.IPv4}/24`, 'dev', 'eth0']);
  await run(['ip', '-n', host, 'address', 'add', `${addresses.IPv6}/64`, 'dev', 'eth0']);
}
