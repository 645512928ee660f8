import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { probe } from '../../modules/metallb/src/layer2/announcement.ts';
import { IpCounts } from '../../modules/metallb/src/wire/ip-counts.ts';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const CLIENT = mac('02:00:00:00:00:c1');
const IPV4 = ip('192.0.2.1');
const IPV6 = ip('2001:db8::1');
const FOREIGN = ip('192.0.2.2');

test('what is told is counted from there on, and what is too much for one message is told in the next', () => {
  const counts = new IpCounts();
  counts.answered(IPV4);
  counts.answered(IPV6);
  counts.answered(IPV4);
  counts.announced(IPV6);
  assert.equal(counts.take(1), [{ ip: IPV4, answered: 2, announced: 0 }]);
  counts.answered(IPV6);
  assert.equal(counts.take(9), [{ ip: IPV6, answered: 2, announced: 1 }]);
  assert.equal(counts.take(9), []);
});

for (const address of [IPV4, IPV6]) {
  test(`each answer and each announcement of ${address} is counted, and no question that is left unanswered`, () => {
    const lan = new VirtualSegment();
    lan.group('n1');
    lan.duty(address, 'n1');
    const { segment, counters } = lan.start('n1');
    lan.run(10_000);
    const [{ announced = 0, answered = 0 } = {}] = counters.ofIps.take(9);
    const sent = counters.snapshot().find(({ name }) => name === 'announcements_total')?.value;
    assert.is(announced, sent);
    assert.ok(announced >= 5, 'the rounds of a burst');
    assert.is(answered, 0);
    for (const asked of [address, address, FOREIGN]) segment.receive(probe(asked, CLIENT));
    assert.equal(counters.ofIps.take(9), [{ ip: address, answered: 2, announced: 0 }]);
  });
}

test.run();
