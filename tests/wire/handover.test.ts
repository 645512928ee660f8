import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import { decodeEthernet, ETHER_TYPE_IPV6 } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv6, NEXT_HEADER_ICMPV6 } from '../../modules/metallb/src/packet/ipv6.ts';
import { decodeNdp, type NdpMessage } from '../../modules/metallb/src/packet/ndp.ts';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const N1 = mac('02:00:00:00:00:01');
const N2 = mac('02:00:00:00:00:02');
const IP = '192.0.2.11';
const IP6 = '2001:db8::11';

const isAnnouncement = (frame: Uint8Array) =>
  classifyClaim(decodeEthernet(frame))?.kind === 'announcement';

function ndpIn(bytes: Uint8Array): NdpMessage | undefined {
  const frame = decodeEthernet(bytes);
  if (frame.etherType !== ETHER_TYPE_IPV6) return undefined;
  const packet = decodeIpv6(frame.payload);
  return packet.nextHeader === NEXT_HEADER_ICMPV6 ? decodeNdp(packet) : undefined;
}

/** n1 answers; its burst is over. */
function threeNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2', 'n3');
  lan.duty(IP, 'n1');
  for (const name of ['n1', 'n2', 'n3']) lan.start(name);
  lan.run(4_000);
  return lan;
}

test('a successor that has only answered somebody is not known to the others: the leaver waits for its announcement', () => {
  const lan = threeNodes();
  lan.drops = (frame, from) => from !== 'n1' && isAnnouncement(frame);
  lan.draining.add('n1');
  lan.stations.get('n1')?.segment.setDraining(true);
  lan.run(100);
  const successor = lan.ask(IP).find((answerer) => answerer !== N1);
  assert.ok(successor, 'somebody has taken it, and n1 has heard the answer');
  lan.run(100);
  assert.ok(lan.ask(IP).includes(N1));
  lan.drops = () => false;
  lan.run(500);
  assert.equal(lan.ask(IP), [successor]);
});

/** The cluster prefers n2 now, but only n2 knows it yet; of what n2 announces, n1 hears a single frame. */
function onlyTheWinnerKnows(): { lan: VirtualSegment; tellOthers: () => void } {
  const lan = threeNodes();
  const before = new Map(lan.duties);
  lan.duty(IP, 'n2');
  const current = lan.table.bind(lan);
  lan.table = (node) => (node === 'n2' ? current(node) : { ...current(node), duties: before });
  let heard = false;
  lan.drops = (frame, from, to) => {
    const matters = from === 'n2' && to === 'n1' && isAnnouncement(frame);
    const drops = matters && heard;
    heard ||= matters;
    return drops;
  };
  const elect = (name: string) => lan.stations.get(name)?.segment.elect([ip(IP)]);
  elect('n2');
  const tellOthers = () => {
    lan.table = current;
    elect('n1');
    lan.run(5);
  };
  return { lan, tellOthers };
}

test('who hears that it has lost after the winner has announced is silent at once', () => {
  const { lan, tellOthers } = onlyTheWinnerKnows();
  lan.run(100);
  assert.ok(lan.ask(IP).includes(N1), 'it still wins by what it knows');
  tellOthers();
  assert.equal(lan.ask(IP), [N2]);
});

test('who waits in vain for an announcement asks the winner, which may have told all others before', () => {
  const { lan, tellOthers } = onlyTheWinnerKnows();
  lan.drops = (frame, from, to) => from === 'n2' && to === 'n1' && isAnnouncement(frame);
  lan.run(250); // long enough for a dispute, in which both insist
  tellOthers();
  lan.run(2_500);
  assert.equal(lan.ask(IP).sort(), [N1, N2], 'it may still be told');
  lan.run(1_000);
  assert.equal(lan.ask(IP), [N2]);
});

test('who has announced since then waits for the winner again', () => {
  const { lan, tellOthers } = onlyTheWinnerKnows();
  lan.run(250); // long enough for a dispute, in which both insist
  assert.is(lan.cache.get(ip(IP)), N1);
  tellOthers();
  assert.ok(lan.ask(IP).includes(N1));
  lan.drops = () => false;
  lan.run(1_000);
  assert.equal(lan.ask(IP), [N2]);
  assert.is(lan.cache.get(ip(IP)), N2);
});

test('who has lost answers, but overrides nobody who knows the winner', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  lan.duty(IP6, 'n1');
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(4_000);
  const overrides = () => {
    const from = lan.sent.length;
    lan.ask(IP6);
    return lan.sent.slice(from).flatMap(({ from: name, frame }) => {
      const message = ndpIn(frame);
      const isAnswer = name === 'n1' && message?.kind === 'neighbor-advertisement';
      return isAnswer ? [message.override] : [];
    });
  };
  assert.equal(overrides(), [true]);
  lan.drops = (frame, from) => from === 'n2' && isAnnouncement(frame);
  lan.duty(IP6, 'n2');
  for (const { segment } of lan.stations.values()) segment.elect([ip(IP6)]);
  assert.equal(overrides(), [false]);
});

test.run();
