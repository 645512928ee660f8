import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { crowd } from '../../lab/crowd.ts';
import { delay, run, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { believe, neighbourMac } from '../../lab/neighbours.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { HEARTBEAT_PORT } from '../../modules/metallb/src/packet/heartbeat.ts';

/** A segment falls in two, both halves serve everything, and it is one again (network rules 14 and 20). */
const ALONE = 'n1';
/** As many as the lab's processors can announce at once; thousands are settled in tests/wire/disputes.test.ts. */
const PER_FAMILY = 50;
/** The least that IPv6 allows (RFC 8200 §5). */
const MTU = 1_280;
const MAX_HEARTBEAT_BYTES = 1_200;
const HEARTBEATS = `ip6 and (udp port ${HEARTBEAT_PORT} or ip6[6] = 44)`;
const NEXT_HEADER_AT = 20;
const FRAGMENT = 44;
const UDP_LENGTH_AT = 58;
const UDP_HEADER_BYTES = 8;
const SETTLED_WITHIN_MS = 1_000;
/** As many as a node that shares two processors with the whole lab answers at once. */
const ASKED_AT_ONCE = 20;
/** The burst with which winners tell that they stay ends after 2 s. */
const TOLD_AFTER_MS = 3_000;
const LOOK_MS = 2_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'healing/one-answer-within-a-second-on-a-narrow-link',
    { timed: 'in-part' },
    async (lab, alone) => {
      await setMtu(lab, MTU);
      try {
        const ips = [
          ...(await crowd(lab, 'IPv4', PER_FAMILY)),
          ...(await crowd(lab, 'IPv6', PER_FAMILY)),
        ].map((one) => one.ip);
        await splitUntilBothServe(lab, ips);
        const { answers, frames } = await alone(() => healed(lab, ips));
        const wrong = ips.filter((_, index) => answers[index]?.length !== 1);
        assert.is(wrong.length, 0, `${wrong.length} IPs, e.g. ${wrong[0]}`);
        assert.ok(frames.every((frame) => frame[NEXT_HEADER_AT] !== FRAGMENT));
        const sizes = frames.map((frame) => frame.readUInt16BE(UDP_LENGTH_AT) - UDP_HEADER_BYTES);
        assert.ok(Math.max(...sizes) <= MAX_HEARTBEAT_BYTES, `${Math.max(...sizes)} bytes`);
        return { unit: 'bytes', samples: sizes, counts: { disputed: ips.length } };
      } finally {
        await setMtu(lab, 1_500);
      }
    },
  ),

  scenario('healing/clients-know-the-winner', {}, async (lab) => {
    const all = await freshServices(lab);
    const lost = all.filter((one) => one.preferredNode !== ALONE);
    const ips = lost.map((one) => one.ip);
    const probe = await lab.probe(ips);
    await probe.flowing();
    await splitUntilBothServe(lab, ips);
    for (const ip of ips) await believe(lab.namespace('client'), ip, lab.macOf(ALONE));
    await lab.switch.heal();
    await settled(lab);
    await delay(TOLD_AFTER_MS);
    await dropAnnouncements(lab);
    await probe.flowing();
    await probe.reset();
    await NODE_LOSS.strike(lab, ALONE);
    await delay(LOOK_MS);
    for (const one of await probe.report()) {
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    }
    for (const { ip, preferredNode } of lost) {
      assert.is(await clientsMac(lab, ip), lab.macOf(preferredNode));
    }
    return undefined;
  }),
];

/** @returns who answers for each IP when all should be settled, and the heartbeats until then */
async function healed(lab: Lab, ips: readonly string[]) {
  const at = { namespace: lab.namespace('router'), interfaceName: 'eth0' };
  const file = join(lab.directory, 'heartbeats.pcap');
  const capture = await startCapture({ ...at, file, filter: HEARTBEATS });
  await lab.switch.heal();
  await delay(SETTLED_WITHIN_MS);
  const answers = await answersFor(lab, ips);
  return { answers, frames: (await capture.stopWithFrames()).map(({ bytes }) => bytes) };
}

/** Hosts go on hearing both halves, and ask. */
async function splitUntilBothServe(lab: Lab, ips: readonly string[]): Promise<void> {
  await lab.switch.part(
    [ALONE],
    lab.nodes.filter((node) => node !== ALONE),
  );
  let single = ips.length;
  const what = () => `two answers for each IP, ${single} have not`;
  await until({ what, deadlineMs: 10_000 }, async () => {
    const seen = await answersFor(lab, ips);
    single = seen.filter((macs) => macs.length !== 2).length;
    return single === 0;
  });
}

async function answersFor(lab: Lab, ips: readonly string[]): Promise<string[][]> {
  const answers: string[][] = [];
  for (let at = 0; at < ips.length; at += ASKED_AT_ONCE) {
    const some = ips.slice(at, at + ASKED_AT_ONCE);
    answers.push(...(await Promise.all(some.map((ip) => lab.prober.macsOf(ip)))));
  }
  return answers;
}

async function setMtu(lab: Lab, mtu: number): Promise<void> {
  for (const node of lab.nodes) {
    await run(['ip', '-n', lab.namespace(node), 'link', 'set', 'eth0', 'mtu', `${mtu}`]);
  }
}

/** What a host asks and is told in person still passes, and so do heartbeats. */
async function dropAnnouncements(lab: Lab): Promise<void> {
  await lab.switch.drop('ether daddr ff:ff:ff:ff:ff:ff');
  await lab.switch.drop('ether daddr 33:33:00:00:00:01 icmpv6 type nd-neighbor-advert');
}

function clientsMac(lab: Lab, ip: string): Promise<string | undefined> {
  return neighbourMac(lab.namespace('client'), ip);
}
