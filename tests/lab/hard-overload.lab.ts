import * as assert from 'uvu/assert';
import { arpRequest, neighbourSolicitation } from '../../lab/frames.ts';
import { settled } from '../../lab/health.ts';
import { forgedHeartbeat, heartbeatFrame } from '../../lab/heartbeat-frames.ts';
import { keysOf } from '../../lab/heartbeat-keys.ts';
import type { Lab } from '../../lab/lab.ts';
import { deathsSeen, metricOf } from '../../lab/metrics.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Measurement, type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { type Observation, observe } from '../../lab/trial.ts';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';

const FLOOD_MS = { ofAll: 3_000, ofOne: 7_000 };
const FRAMES_PER_SECOND = 200_000;
/** Switches learn as many addresses as somebody invents. */
const SOURCES = Array.from({ length: 128 }, (_, index) => {
  return `02:00:00:00:ff:${index.toString(16).padStart(2, '0')}`;
});

const WIRE_ALONE = { timed: true, isLong: true, stores: ['manifests'] } as const;

/** Network rule 16: a node that is sent more than it can read goes on to hear its peers, and to be heard. */
export const scenarios: readonly Scenario[] = [
  scenario('hard/flood-of-forged-heartbeats', WIRE_ALONE, async (lab) => {
    await freshServices(lab);
    const [key = ''] = await keysOf(lab, 'n1');
    const { id } = heartbeatKey(Buffer.from(key, 'base64'));
    const forger = { key: heartbeatKey(Buffer.alloc(32, 66)), keyId: id };
    const frames = SOURCES.map((mac, index) => {
      const payload = forgedHeartbeat(`n${1 + (index % 3)}`, { ...forger, sequence: index });
      return heartbeatFrame(payload, mac, index % 2 === 0 ? 'IPv6' : 'IPv4');
    });
    const measured = await standsFlood(lab, frames);
    for (const node of lab.nodes) {
      const dropped = await metricOf(lab, node, 'metallb_wire_dropped_frames_total');
      assert.ok(dropped > 1_000, `${node} has dropped ${dropped}`);
    }
    return measured;
  }),

  scenario('hard/flood-of-questions-for-our-ips', WIRE_ALONE, async (lab) => {
    const all = await freshServices(lab);
    const frames = SOURCES.flatMap((mac) =>
      all.map(({ ip }) =>
        ip.includes(':')
          ? neighbourSolicitation({ mac, ip: 'fd00:9::f0' }, ip)
          : arpRequest({ mac, ip: '10.9.0.240' }, ip),
      ),
    );
    return standsFlood(lab, frames);
  }),
];

/** @throws unless every IP stays where it is, and so does every wire */
async function standsFlood(lab: Lab, frames: readonly Buffer[]): Promise<Measurement> {
  const wires = lab.nodes.map((node) => lab.program(node).pidOf('wire.mjs'));
  const diedBefore = await deathsSeen(lab);
  const flooder = await lab.flooderOn('client2');
  const observation = await observe(lab, { intervalMs: 20 });
  const ofAll = await flooder.flood(frames, FLOOD_MS.ofAll, FRAMES_PER_SECOND);
  // A frame for all costs this machine one for each port of the switch.
  const forOne = frames.map((frame) => sentTo(lab.macOf('n1'), frame));
  const ofOne = await flooder.flood(forOne, FLOOD_MS.ofOne, FRAMES_PER_SECOND);
  const told = await whoTellsOverload(lab);
  const { outcomes } = await observation.end();
  assert.equal(
    lab.nodes.map((node) => lab.program(node).pidOf('wire.mjs')),
    wires,
    'wire processes',
  );
  assert.is(await deathsSeen(lab), diedBefore, 'nodes that were found dead');
  for (const one of outcomes) {
    assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
  }
  await settled(lab);
  for (const node of told) await nodeTells(lab, node, 'Overloaded', { status: 'False' });
  return measurementOf(outcomes, {
    perSecondToAll: ofAll,
    perSecondToOne: ofOne,
    overloaded: told.length,
  });
}

function sentTo(mac: string, frame: Buffer): Buffer {
  return Buffer.concat([Buffer.from(mac.replaceAll(':', ''), 'hex'), frame.subarray(6)]);
}

/** @returns the nodes that say of themselves that they can't read everything */
async function whoTellsOverload(lab: Lab): Promise<string[]> {
  const told = await Promise.all(
    lab.nodes.map((node) =>
      nodeTells(lab, node, 'Overloaded', { message: /^eth0: more frames/ }).then(
        () => [node],
        () => [],
      ),
    ),
  );
  return told.flat();
}

function measurementOf(
  outcomes: Awaited<ReturnType<Observation['end']>>['outcomes'],
  counts: Readonly<Record<string, number>>,
): Measurement {
  return { unit: 'ms', samples: outcomes.map((one) => Math.round(one.unansweredMs)), counts };
}
