import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { delay, until } from '../../lab/exec.ts';
import { killPart, NODE_LOSS } from '../../lab/faults.ts';
import { answeredBy, settled } from '../../lab/health.ts';
import { forgedHeartbeat, heartbeatFrame } from '../../lab/heartbeat-frames.ts';
import { keysOf } from '../../lab/heartbeat-keys.ts';
import type { Lab } from '../../lab/lab.ts';
import { metricOf } from '../../lab/metrics.ts';
import { macOn } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import {
  type HeartbeatKey,
  heartbeatKey,
  shortId,
} from '../../modules/metallb/src/packet/heartbeat.ts';

const ATTACKER = 'client2';
const ATTACKER_MAC = macOn('public', 102);
const FRAMES = 20;
const RECORDED_MS = 1_000;
/** Longer than the wire waits before it tells its figures, and the speaker before it shows them. */
const COUNTED_MS = 2_200;
/** Whoever believed it would show so before it ends. */
const LONG_RECORD_MS = 3_500;
const LOOK_EVERY = 10;
const DROPPED = 'metallb_wire_dropped_frames_total';
const LONGEST = 1_200;
const OLD_VERSION = 0;
const KEPT_BY_FILTER = 'foreign-cluster';

/** What somebody on the segment can do with heartbeats who does not know the key. */
const WIRE_ALONE = { stores: ['manifests'] } as const;

export const scenarios: readonly Scenario[] = [
  scenario('hard/heartbeats-that-nobody-of-us-sent', WIRE_ALONE, async (lab) => {
    await freshServices(lab);
    const recorded = await recordOf(lab, 'n2');
    const observation = await observe(lab);
    const attacker = await lab.proberOn(ATTACKER);
    const all = new Map([...(await attacks(lab)), ['stale', recorded.map(fromAttacker)] as const]);
    const before = new Map<string, number>();
    for (const reason of all.keys()) before.set(reason, await counted(lab, reason));
    // No ring overflows of this.
    for (const frame of [...all.values()].flat()) {
      await attacker.send(frame);
      await delay(5);
    }
    await delay(COUNTED_MS);
    for (const [reason, { length }] of all) {
      const growth = (await counted(lab, reason)) - (before.get(reason) ?? 0);
      if (reason === KEPT_BY_FILTER) assert.is(growth, 0, 'they come out of the kernel');
      else assert.ok(growth >= length, `${reason}: ${growth} of ${length} counted`);
    }
    const { outcomes } = await observation.end();
    for (const one of outcomes) {
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
    }
    return undefined;
  }),

  scenario(
    'hard/recorded-heartbeats-of-a-dead-node',
    { ...WIRE_ALONE, isLong: true },
    async (lab) => {
      const all = await freshServices(lab);
      const recorded = await recordOf(lab, 'n2', LONG_RECORD_MS);
      const attacker = await lab.proberOn(ATTACKER);
      await NODE_LOSS.strike(lab, 'n2');
      // The others, and one of them that has never heard the dead node.
      const mine = all.filter(({ preferredNode }) => preferredNode === 'n2');
      await until({ what: 'the IPs of n2 taken', deadlineMs: 5_000 }, () =>
        takenOver(lab, mine).then(
          () => true,
          () => false,
        ),
      );
      // What its speaker last heard from it is shown until the next one tells something else.
      await until({ what: 'n3 shows n2 as dead', deadlineMs: 10_000 }, async () => {
        return (await metricOf(lab, 'n3', 'metallb_wire_peer_up', { peer: 'n2' })) === 0;
      });
      killPart(lab, 'n3', 'wire.mjs');
      for (const [index, frame] of recorded.entries()) {
        await attacker.send(frame);
        await delay(100);
        // A look takes as long as a heartbeat may be late.
        if (index % LOOK_EVERY !== LOOK_EVERY - 1) continue;
        for (const node of ['n1', 'n3']) {
          const up = await metricOf(lab, node, 'metallb_wire_peer_up', { peer: 'n2' });
          assert.is(up, 0, `${node} takes n2 for alive`);
        }
      }
      await takenOver(lab, mine);
      await NODE_LOSS.repair(lab, 'n2');
      for (const { ip } of mine) await answeredBy(lab, ip, 'n2', 15_000);
      await settled(lab);
      return undefined;
    },
  ),
];

/** Frames under the reason for which they are dropped. */
async function attacks(lab: Lab): Promise<readonly (readonly [string, readonly Buffer[]])[]> {
  const [text = ''] = await keysOf(lab, 'n1');
  const key = heartbeatKey(Buffer.from(text, 'base64'));
  const guessed = heartbeatKey(randomBytes(32));
  const forged = of(forgery(key));
  const tooLong = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(LONGEST)]);
  return [
    ['bad-signature', framesOf(forged)],
    ['unknown-key', framesOf(of({ key: guessed }))],
    [KEPT_BY_FILTER, framesOf(of({ key, cluster: shortId('another cluster') }))],
    ['foreign-version', framesOf(forged.map(ofOldVersion))],
    [
      'malformed',
      framesOf([...forged.map((bytes) => bytes.subarray(0, 30)), ...forged.map(tooLong)]),
    ],
  ];
}

/** In the name of a node that is there, and of one that nobody knows. */
function of(wish: Parameters<typeof forgedHeartbeat>[1]): Buffer[] {
  return Array.from({ length: FRAMES / 2 }, (_, index) =>
    forgedHeartbeat(index % 2 === 0 ? 'n2' : 'n9', { ...wish, sequence: 1_000_000 + index }),
  );
}

function framesOf(payloads: readonly Buffer[]): Buffer[] {
  return payloads.flatMap((payload) =>
    (['IPv6', 'IPv4'] as const).map((family) => heartbeatFrame(payload, ATTACKER_MAC, family)),
  );
}

function forgery(key: HeartbeatKey) {
  return { key: heartbeatKey(randomBytes(32)), keyId: key.id };
}

/** With the node's own address, the switch would take its port for the node's. */
function fromAttacker(frame: Buffer): Buffer {
  const mac = Buffer.from(ATTACKER_MAC.replaceAll(':', ''), 'hex');
  return Buffer.concat([frame.subarray(0, 6), mac, frame.subarray(12)]);
}

function ofOldVersion(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(OLD_VERSION), bytes.subarray(1)]);
}

/** @returns heartbeats of the node as they were on the wire, in order */
async function recordOf(lab: Lab, node: string, lastsMs = RECORDED_MS): Promise<Buffer[]> {
  const capture = await startCapture({
    namespace: lab.namespace('router'),
    interfaceName: 'eth0',
    file: join(lab.directory, 'heartbeats.pcap'),
    filter: `udp dst port 4225 and ether src ${lab.macOf(node)}`,
  });
  await delay(lastsMs);
  const frames = await capture.stopWithFrames();
  assert.ok(frames.length >= 5, `${frames.length} heartbeats of ${node} in ${lastsMs} ms`);
  return frames.map(({ bytes }) => Buffer.from(bytes));
}

async function counted(lab: Lab, reason: string): Promise<number> {
  return metricOf(lab, 'n1', DROPPED, { protocol: 'heartbeat', reason });
}

async function takenOver(lab: Lab, lost: readonly { readonly ip: string }[]): Promise<void> {
  for (const { ip } of lost) {
    const macs = await lab.prober.macsOf(ip);
    assert.is(macs.length, 1, `${ip} is answered by ${macs}`);
    assert.is.not(macs[0], lab.macOf('n2'));
  }
}
