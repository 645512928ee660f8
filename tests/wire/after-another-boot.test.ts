import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../../modules/metallb/src/duty/messages.ts';
import { announcement } from '../../modules/metallb/src/layer2/announcement.ts';
import { ip, mac } from '../support/addresses.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const N1 = mac('02:00:00:00:00:01');
const N2 = mac('02:00:00:00:00:02');
const HOST = mac('02:00:00:00:00:0f');

/** A node that comes back holds down for a second, if there is another; then come three probes and a wait. */
const PROBED_MS = 1_500;
/** Whoever is alone leaves its IPs to a node that it never heard for ten seconds. */
const ALONE_MS = 12_000;

interface Meanwhile {
  /** Whether n2 still has the duty. */
  readonly known: boolean;
  /** Cluster state that n2 has seen; n1 knows that of revision 5. */
  readonly revision: number;
}

/** n1 was down, comes back without the store, and remembers an IP of its own. */
function backWithoutStore(address: string, { known, revision }: Meanwhile): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  const duty = dutyOf(address, { group: 'g', preferredNode: 'n1', probing: 'none' });
  const remembered = { ...duty, probing: 'full' } as const;
  lan.known.set('n2', { duties: new Map(known ? [[duty.ip, duty]] : []), revision });
  lan.known.set('n1', { duties: new Map([[duty.ip, remembered]]), revision: 5 });
  lan.start('n2');
  lan.run(ALONE_MS);
  lan.start('n1');
  return lan;
}

function hasReached(lan: VirtualSegment, address: string): void {
  const duty = dutyOf(address, { group: 'g', preferredNode: 'n1', probing: 'none' });
  lan.known.set('n1', { duties: new Map([[duty.ip, duty]]), revision: 9 });
  lan.stations.get('n1')?.segment.elect([duty.ip]);
}

function told(lan: VirtualSegment): string[] {
  const outdated = (report: Report) =>
    report.type === 'condition' && report.condition === 'DutiesOutdated' ? [report.message] : [];
  return (lan.stations.get('n1')?.reports ?? []).flatMap(outdated);
}

for (const address of ['192.0.2.30', '2001:db8::30']) {
  test(`${address}, that a host has got meanwhile, is never answered`, () => {
    const lan = backWithoutStore(address, { known: false, revision: 5 });
    for (let look = 0; look < 40; look += 1) {
      for (const frame of announcement(ip(address), HOST)) lan.transmit('client', frame);
      assert.equal(lan.ask(address), []);
      lan.run(45);
    }
    assert.is(lan.cache.get(ip(address)), HOST);
  });

  test(`${address}, that nobody has and peers have no newer view, is answered after its probes`, () => {
    const lan = backWithoutStore(address, { known: false, revision: 5 });
    lan.run(400);
    assert.equal(lan.ask(address), [], 'not before it is known to be free');
    lan.run(PROBED_MS);
    assert.equal(lan.ask(address), [N1]);
    assert.is(lan.cache.get(ip(address)), N1, 'and announced');
  });

  test(`${address}, that peers with a newer view don't serve, stays silent until the store says so`, () => {
    const lan = backWithoutStore(address, { known: false, revision: 6 });
    lan.run(60_000);
    assert.equal(lan.ask(address), []);
    assert.is(lan.cache.get(ip(address)), undefined);
    assert.match(told(lan).at(-1) ?? '', `not answered: ${address}; this node was restarted`);
    hasReached(lan, address);
    lan.run(200);
    assert.equal(lan.ask(address), [N1]);
    assert.is(told(lan).at(-1), '', 'over');
  });

  test(`${address}, that peers with a newer view serve, comes back to its node without a gap`, () => {
    const lan = backWithoutStore(address, { known: true, revision: 6 });
    for (let look = 0; look < 40; look += 1) {
      assert.is(lan.ask(address).length, 1, `answered once, look ${look}`);
      lan.run(95);
    }
    assert.equal(lan.ask(address), [N1]);
    assert.is(lan.stations.get('n2')?.segment.announcedIps().length, 0);
  });
}

test('who takes over what a peer has served asks for it as well, while nobody answers', () => {
  const lan = backWithoutStore('192.0.2.30', { known: true, revision: 5 });
  lan.run(100);
  assert.equal(lan.ask('192.0.2.30'), [N2]);
  lan.kill('n2');
  lan.run(400);
  lan.run(PROBED_MS);
  assert.equal(lan.ask('192.0.2.30'), [N1]);
});

test.run();
