import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ip } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const IP = '192.0.2.11';

/** Who announces the IP. */
function announcers(lan: VirtualSegment): string[] {
  return [...lan.stations.values()]
    .filter(({ segment }) => segment.announcedIps().includes(ip(IP)))
    .map(({ name }) => name);
}

test('a node whose kube-proxy has not synced since boot is last, although preferred, until it has', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  lan.duty(IP, 'n1');
  lan.dataplaneFailed.add('n1');
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(3_000);
  assert.equal(announcers(lan), ['n2']);
  lan.dataplaneFailed.delete('n1');
  for (const { segment } of lan.stations.values()) segment.elect([ip(IP)]);
  lan.run(1_000);
  assert.equal(announcers(lan), ['n1']);
});

test('an IP is announced also when every node fails the gate', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  lan.duty(IP, 'n1');
  for (const name of ['n1', 'n2']) {
    lan.dataplaneFailed.add(name);
    lan.start(name);
  }
  lan.run(3_000);
  assert.equal(announcers(lan), ['n1']);
});

test.run();
