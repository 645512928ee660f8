import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CapturedClaim, startCapture } from '../../lab/capture.ts';
import { delay } from '../../lab/exec.ts';
import { arpRequest, neighbourSolicitation } from '../../lab/frames.ts';
import type { Lab } from '../../lab/lab.ts';
import { ipv4On, ipv6On, macOn } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

/** Which questions are answered, and to whom (network rule 17). */
const PROBER = 170;
const V4 = { mac: macOn('public', PROBER), ip: ipv4On('public', PROBER) };
const V6 = { mac: macOn('public', PROBER), ip: ipv6On('public', PROBER) };
/** Another address of the asker, as FHRP routers have one: frames come from one, answers go to the other. */
const VIRTUAL_MAC = '00:00:5e:00:01:07';
/** The switch knows no such host: it floods frames for it, to every node too. */
const ELSEWHERE = '02:00:00:00:00:99';
const GROUP_MAC = '01:00:5e:00:00:01';
const ZERO_MAC = '00:00:00:00:00:00';
const ALL_NODES_MAC = '33:33:00:00:00:01';
const REPLIES_WITHIN_MS = 200;

type Question = readonly [name: string, ask: (ip: string, owner: string) => Buffer];

const UNANSWERED: { readonly IPv4: readonly Question[]; readonly IPv6: readonly Question[] } = {
  IPv4: [
    ['to another host, flooded', (ip) => arpRequest(V4, ip, { destinationMac: ELSEWHERE })],
    ['from a group', (ip) => arpRequest(V4, ip, { senderHardwareAddress: GROUP_MAC })],
    ['from no address', (ip) => arpRequest(V4, ip, { senderHardwareAddress: ZERO_MAC })],
    ['from the node itself', (ip, owner) => arpRequest(V4, ip, { senderHardwareAddress: owner })],
  ],
  IPv6: [
    ['to another host, flooded', (ip) => neighbourSolicitation(V6, ip, { unicastTo: ELSEWHERE })],
    ['routed on its way', (ip) => neighbourSolicitation(V6, ip, { hopLimit: 254 })],
    ['in a fragment', (ip) => neighbourSolicitation(V6, ip, { fragment: true })],
    ['from a group', (ip) => neighbourSolicitation(V6, ip, { linkLayerAddress: GROUP_MAC })],
    ['from no address', (ip) => neighbourSolicitation(V6, ip, { linkLayerAddress: ZERO_MAC })],
    [
      'from the node itself',
      (ip, owner) => neighbourSolicitation(V6, ip, { linkLayerAddress: owner }),
    ],
    ['from :: with a link-layer address', (ip) => neighbourSolicitation({ ...V6, ip: '::' }, ip)],
  ],
};

type Answered = readonly [...Question, to: string, solicited: boolean];

const ANSWERED: { readonly IPv4: readonly Answered[]; readonly IPv6: readonly Answered[] } = {
  IPv4: [
    [
      'to the node alone',
      (ip, owner) => arpRequest(V4, ip, { destinationMac: owner }),
      V4.mac,
      true,
    ],
    [
      'for another address of the asker',
      (ip) => arpRequest(V4, ip, { senderHardwareAddress: VIRTUAL_MAC }),
      VIRTUAL_MAC,
      true,
    ],
  ],
  IPv6: [
    [
      'whether it is still there',
      (ip, owner) => neighbourSolicitation(V6, ip, { unicastTo: owner, linkLayerAddress: 'none' }),
      V6.mac,
      true,
    ],
    [
      'for another address of the asker',
      (ip) => neighbourSolicitation(V6, ip, { linkLayerAddress: VIRTUAL_MAC }),
      VIRTUAL_MAC,
      true,
    ],
    [
      'whether the address is free',
      (ip) => neighbourSolicitation({ ...V6, ip: '::' }, ip, { linkLayerAddress: 'none' }),
      ALL_NODES_MAC,
      false,
    ],
  ],
};

export const scenarios: readonly Scenario[] = [
  scenario('questions/who-is-answered', {}, async (lab) => {
    const all = await freshServices(lab);
    await delay(BURST_OVER_MS);
    for (const family of ['IPv4', 'IPv6'] as const) {
      const one = all.find(({ ip }) => ip.includes(':') === (family === 'IPv6'));
      assert.ok(one !== undefined);
      const owner = lab.macOf(one.preferredNode);
      for (const [name, ask] of UNANSWERED[family]) {
        const claims = await repliesTo(lab, one.ip, ask(one.ip, owner));
        assert.equal(claims, [], `${family} asked ${name}: nobody answers`);
      }
      for (const [name, ask, to, solicited] of ANSWERED[family]) {
        const claims = await repliesTo(lab, one.ip, ask(one.ip, owner));
        const told = claims.map((claim) => [claim.mac, claim.destinationMac, !claim.gratuitous]);
        assert.equal(told, [[owner, to, solicited]], `${family} asked ${name}`);
      }
    }
    return undefined;
  }),
];

/** The burst of a new announcement ends after 2 s: what is seen then is an answer. */
const BURST_OVER_MS = 2_500;

/** @returns what is told about the IP after this frame, by anybody and to anybody */
async function repliesTo(lab: Lab, ip: string, question: Buffer): Promise<CapturedClaim[]> {
  const file = join(lab.directory, 'question.pcap');
  // On the switch: an answer goes to whom it is for, and the prober would not see one for another host.
  const at = { namespace: lab.namespace('sw'), interfaceName: 'prober.eth0', file };
  const capture = await startCapture(at);
  await lab.prober.send(question);
  await delay(REPLIES_WITHIN_MS);
  const claims = await capture.stop();
  return claims.filter((one) => one.ip === ip);
}
