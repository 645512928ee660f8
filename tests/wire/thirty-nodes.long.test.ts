import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import { decodeEthernet, ETHER_TYPE_ARP } from '../../modules/metallb/src/packet/ethernet.ts';
import { isHeartbeat, type Sent, VirtualSegment } from '../support/virtual-segment.ts';

const NODES = Array.from({ length: 30 }, (_, index) => `n${index + 1}`);

/** Each with an IP of either family. */
function thirtyNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group(...NODES);
  for (const [index, name] of NODES.entries()) {
    lan.duty(`192.0.2.${index + 1}`, name);
    lan.duty(`2001:db8::${index + 1}`, name);
  }
  for (const name of NODES) {
    lan.start(name);
    lan.run(4);
  }
  lan.run(1_000);
  lan.sent.splice(0);
  return lan;
}

function announcedBy(lan: VirtualSegment, name: string): string[] {
  return lan.stations.get(name)?.segment.announcedIps() ?? [];
}

function takenOver(lan: VirtualSegment): string[] {
  return [...lan.stations.values()].flatMap(({ reports }) =>
    reports.flatMap((one) => (one.type === 'announced' && one.from !== undefined ? [one.ip] : [])),
  );
}

/** By ARP, of nodes. */
function questionsIn(sent: readonly Sent[]): number {
  return sent.filter(({ frame }) => {
    const decoded = decodeEthernet(frame);
    return decoded.etherType === ETHER_TYPE_ARP && classifyClaim(decoded) === undefined;
  }).length;
}

test('a node whose heartbeats are filtered proves to all of 29 others that it lives', () => {
  const lan = thirtyNodes();
  lan.drops = (frame, from) => from === 'n1' && isHeartbeat(frame);
  lan.run(310);
  const asked = questionsIn(lan.sent);
  lan.run(3_000);
  assert.equal(takenOver(lan), []);
  assert.equal(announcedBy(lan, 'n1').sort(), ['192.0.2.1', '2001:db8::1']);
  assert.ok(asked <= 2 * 29 * 2, `${asked} questions by ARP before they were content`);
});

test('nodes that all lose each other do not say so of each one', () => {
  const lan = thirtyNodes();
  lan.drops = (_frame, from) => from !== 'client';
  // Whoever hears nothing at all buries nobody (network rule 2).
  const hosts = Array.from({ length: 50 }, () => () => {
    lan.run(10);
    lan.hostSpeaks();
  });
  for (const speak of hosts) speak();
  const heartbeats = lan.sent.filter(({ frame }) => isHeartbeat(frame));
  const bySender = NODES.map((name) => heartbeats.filter(({ from }) => from === name).length);
  assert.ok(takenOver(lan).length > 0, 'they have found each other dead');
  assert.ok(Math.max(...bySender) < 20, `${Math.max(...bySender)} heartbeats of one`);
});

test('when one dies, its IPs are announced by another one each, and nobody else loses any', () => {
  const lan = thirtyNodes();
  lan.kill('n1');
  lan.run(330);
  assert.equal(takenOver(lan).sort(), ['192.0.2.1', '2001:db8::1']);
  for (const name of NODES.slice(1)) {
    const number = name.slice(1);
    const own = announcedBy(lan, name).filter((one) => one.endsWith(`.${number}`));
    assert.equal(own, [`192.0.2.${number}`]);
  }
});

test.run();
