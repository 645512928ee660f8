import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import {
  decodeHeartbeat,
  encodeHeartbeat,
  heartbeatKey,
  type SignedHeartbeat,
  shortId,
} from '../../modules/metallb/src/packet/heartbeat.ts';
import { unwrapHeartbeat, wrapHeartbeat } from '../../modules/metallb/src/wire/heartbeat-frame.ts';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const KEY = heartbeatKey(Buffer.alloc(32, 7));
const IPS = ['192.0.2.11', '192.0.2.12'] as const;
const [N1, N2] = [mac('02:00:00:00:00:01'), mac('02:00:00:00:00:02')];

function twoNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  for (const [index, address] of IPS.entries()) lan.duty(address, `n${index + 1}`);
  for (const name of ['n1', 'n2']) lan.start(name, undefined, { keys: [KEY] });
  lan.run(2_000);
  return lan;
}

/** The latest of the node. */
function heartbeatOf(lan: VirtualSegment, node: string): SignedHeartbeat {
  for (const { from, frame } of [...lan.sent].reverse()) {
    const payload = from === node ? unwrapHeartbeat(decodeEthernet(frame)) : undefined;
    const read = payload && decodeHeartbeat(payload, shortId('test'), [KEY]);
    if (typeof read === 'object') return read;
  }
  throw new Error(`no heartbeat of ${node}`);
}

/** Somebody sends what n2 has said some heartbeats ago, when it knew more than n1 and disputed its IP. */
function playBack(lan: VirtualSegment, sequence: number): void {
  const disputed = [{ ip: ip(IPS[0]), digest: 'ff'.repeat(8) }];
  const heartbeat = { ...heartbeatOf(lan, 'n2'), sequence, revision: 99, disputed };
  const path = { mac: N2, source: ip('fe80::2'), group: ip('ff02::1') };
  lan.transmit('client', wrapHeartbeat(encodeHeartbeat(heartbeat, [KEY]), path));
  lan.clock.advance(5);
}

const stale = (lan: VirtualSegment) =>
  lan.stations
    .get('n1')
    ?.counters.snapshot()
    .find(({ labels }) => labels['reason'] === 'stale')?.value;

test('what a recorded heartbeat says of a dispute is passed over, and it is counted', () => {
  const lan = twoNodes();
  playBack(lan, heartbeatOf(lan, 'n2').sequence - 1);
  assert.is(lan.stations.get('n1')?.relists, 0);
  assert.equal(lan.ask(IPS[0]), [N1]);
  assert.is(stale(lan), 1);
});

test('a new one that says the same is believed', () => {
  const lan = twoNodes();
  playBack(lan, heartbeatOf(lan, 'n2').sequence + 1);
  assert.is(lan.stations.get('n1')?.relists, 1);
  assert.is(stale(lan), undefined);
});

test.run();
