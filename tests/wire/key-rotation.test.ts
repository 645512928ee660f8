import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HeartbeatKeys } from '../../modules/metallb/src/packet/heartbeat.ts';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const NODES = ['n1', 'n2', 'n3'] as const;
const MACS = ['01', '02', '03'].map((last) => mac(`02:00:00:00:00:${last}`));
const IPS = ['192.0.2.11', '192.0.2.12', '192.0.2.13'] as const;
const [A, B, C] = [1, 2, 3].map((byte) => heartbeatKey(Buffer.alloc(32, byte))) as [
  ReturnType<typeof heartbeatKey>,
  ReturnType<typeof heartbeatKey>,
  ReturnType<typeof heartbeatKey>,
];
/** Twice that, and the others have forgotten what the lost node holds. */
const BETWEEN_ROTATIONS_MS = 65_000;

function threeNodes(keys: HeartbeatKeys): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const [index, ip] of IPS.entries()) lan.duty(ip, `n${index + 1}`);
  for (const name of NODES) lan.start(name, undefined, { keys });
  lan.run(2_000);
  return lan;
}

function give(lan: VirtualSegment, node: string, keys: HeartbeatKeys): void {
  lan.stations.get(node)?.segment.setKeys(keys);
}

/** Every IP is answered by its own node at every look, and nobody died. */
function quiet(lan: VirtualSegment, ms: number, names: readonly string[] = NODES): void {
  for (let elapsed = 0; elapsed < ms; elapsed += 50) {
    lan.run(45);
    assert.equal(
      IPS.map((address) => lan.ask(address)),
      MACS.map((one) => [one]),
    );
  }
  for (const name of names) assert.is(died(lan, name), 0, `deaths that ${name} has seen`);
}

function died(lan: VirtualSegment, node: string): number {
  const counters = lan.stations.get(node)?.counters.snapshot() ?? [];
  return counters.find(({ name }) => name === 'peers_died_total')?.value ?? 0;
}

/** Ids of the keys that the node signs with. */
function signers(lan: VirtualSegment, node: string): string[] {
  const counters = lan.stations.get(node)?.counters.snapshot() ?? [];
  return counters
    .filter(({ name, labels }) => name === 'heartbeat_key' && labels['use'] === 'signing')
    .map(({ labels }) => labels['key'] ?? '');
}

function allSignWith(lan: VirtualSegment, id: string, names: readonly string[] = NODES): void {
  for (const name of names) assert.equal(signers(lan, name), [id], `what ${name} signs with`);
}

test('a key that comes as the first one to one node after the other is used when all have it', () => {
  const lan = threeNodes([A]);
  for (const name of NODES) {
    allSignWith(lan, A.id);
    give(lan, name, [B, A]);
    quiet(lan, 1_000);
  }
  allSignWith(lan, B.id);
  for (const name of NODES) {
    give(lan, name, [B]);
    quiet(lan, 500);
  }
  allSignWith(lan, B.id);
});

test('a file that holds another key alone may come to one node after the other', () => {
  const lan = threeNodes([A]);
  for (const name of NODES) {
    give(lan, name, [B]);
    quiet(lan, 1_000);
  }
  allSignWith(lan, B.id);
});

test('a node may restart with the old file or the new one at any time', () => {
  const lan = threeNodes([A]);
  give(lan, 'n1', [B, A]);
  quiet(lan, 500);
  for (const keys of [[A], [B, A]] as const) {
    lan.kill('n2');
    lan.start('n2', [ip(IPS[1])], { keys });
    lan.run(1_500);
    quiet(lan, 500, ['n1', 'n3']);
  }
  allSignWith(lan, A.id);
  give(lan, 'n3', [B, A]);
  quiet(lan, 500, ['n1', 'n3']);
  allSignWith(lan, B.id);
});

test('a node that was cut off while the others rotated twice is a peer again once it is back', () => {
  const lan = threeNodes([A]);
  lan.unplug('n3');
  for (const keys of [
    [B, A],
    [C, B, A],
  ] as const) {
    for (const name of ['n1', 'n2']) give(lan, name, keys);
    lan.run(BETWEEN_ROTATIONS_MS);
  }
  allSignWith(lan, C.id, ['n1', 'n2']);
  lan.heal();
  lan.run(5_000);
  allSignWith(lan, A.id);
  assert.equal(
    IPS.map((address) => lan.ask(address)),
    MACS.map((one) => [one]),
  );
  give(lan, 'n3', [C, B, A]);
  lan.run(1_000);
  allSignWith(lan, C.id);
});

test.run();
