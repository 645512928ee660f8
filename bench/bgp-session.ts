import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startCapture } from '../lab/capture.ts';
import { until } from '../lab/exec.ts';
import { summarise } from '../lab/statistic.ts';
import { BGP_PORT } from '../modules/metallb/src/api/bgp-fields.ts';
import { parseIp } from '../modules/metallb/src/net/ip.ts';
import { inRoutingLab, inTurn, print, type RoutingLab } from './routing/lab.ts';
import { BenchRouter } from './routing/router.ts';
import { SPEAKERS } from './routing/speakers.ts';
import { tcpPayloads } from './routing/tcp-payloads.ts';

/**
 * From a speaker's first SYN until both sides have sent a KEEPALIVE, by the kernel's stamps: this module's speaker and
 * those of other projects by turns, with one FRR that waits for them. Root, and FRR, BIRD 2, GoBGP 3 and ExaBGP of the
 * system. `bgp-session.ts [ROUNDS]`
 */
const [rounds = 20] = process.argv.slice(2).map(Number);
const SESSION_MS = 30_000;
const MARKER = Buffer.alloc(16, 0xff);
const KEEPALIVE = Buffer.concat([MARKER, Buffer.from([0, 19, 4])]);

interface Lab extends RoutingLab {
  readonly router: BenchRouter;
}

await inRoutingLab(async ({ place, directory }) => {
  const router = new BenchRouter(place.router, join(directory, 'router'));
  await router.start();
  const samples = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const speaker of inTurn(Object.keys(SPEAKERS), round)) {
      const setUpMs = await play({ place, router, directory }, speaker);
      samples.set(speaker, [...(samples.get(speaker) ?? []), setUpMs]);
    }
  }
  await router.stop();
  const own = summarise(samples.get('mlb') ?? []).p50;
  for (const [speaker, all] of samples) {
    const summary = summarise(all);
    const timesMlb = Number((summary.p50 / own).toFixed(2));
    print({ speaker, unit: 'ms from SYN to both KEEPALIVEs', ...summary, timesMlb });
  }
});

async function play({ place, router, directory: root }: Lab, speaker: string): Promise<number> {
  const directory = join(root, `${speaker}-${Date.now()}`);
  await mkdir(directory);
  await router.quiet();
  const capture = await startCapture({
    ...{ namespace: place.router, interfaceName: 'eth0', file: join(directory, 'session.pcap') },
    filter: `ip and tcp port ${BGP_PORT}`,
  });
  const [only, another] = [parseIp('11.0.0.1'), parseIp('11.0.0.2')];
  const make = SPEAKERS[speaker];
  if (only === undefined || another === undefined || make === undefined) throw new Error(speaker);
  const running = make({
    ...{ family: 'IPv4', directory, namespace: place.speaker, agents: root },
    ...{ ips: [only], another },
  });
  try {
    await running.start();
    const waiting = { what: `a route of ${speaker}`, deadlineMs: SESSION_MS, everyMs: 5 };
    await until(waiting, async () => (await router.look('IPv4')).routes === 1);
    return setUpOf(tcpPayloads(await capture.stopWithFrames()));
  } finally {
    await running.stop();
    await rm(directory, { recursive: true });
  }
}

/** Of the connection that came to something: one that was refused before is no part of it. */
function setUpOf(payloads: ReturnType<typeof tcpPayloads>): number {
  const alive = payloads.filter(({ bytes }) => bytes.includes(KEEPALIVE));
  const [first] = alive;
  const second = alive.find(({ isFromRouter }) => isFromRouter !== first?.isFromRouter);
  const begun = payloads.find(({ isSyn, client }) => isSyn && client === first?.client);
  if (begun === undefined || second === undefined) throw new Error('no session in the capture');
  return second.epochMs - begun.epochMs;
}
