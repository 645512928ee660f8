import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const IPS = Array.from({ length: 60 }, (_, index) => `192.0.2.${index + 1}`);
const WITHIN_MS = 400;

/** n1 falls silent while the segment still hears what it took over. */
function silentAfterBurst(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  for (const address of IPS) lan.duty(address, 'n1');
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.hostSpeaks();
  lan.run(1_000);
  lan.unplug('n1');
  lan.cut('n2', 'n1');
  for (let elapsed = 0; elapsed < WITHIN_MS; elapsed += 50) {
    lan.hostSpeaks();
    lan.run(50);
  }
  return lan;
}

function pacing(lan: VirtualSegment): boolean[] {
  const reports = lan.stations.get('n2')?.reports ?? [];
  return reports.flatMap((report) =>
    report.type === 'condition' && report.condition === 'PacingReduced' ? [report.active] : [],
  );
}

function announcements(lan: VirtualSegment, node: string, sinceMs: number): number {
  return lan.sent
    .filter((sent) => sent.from === node && sent.at >= sinceMs)
    .filter(({ frame }) => classifyClaim(decodeEthernet(frame))?.kind === 'announcement').length;
}

test('who takes from a node that was silenced right after its burst announces slowly, and says so', () => {
  const lan = silentAfterBurst();
  assert.equal(pacing(lan), [true]);
  const since = lan.clock.now();
  lan.run(1_000);
  const told = announcements(lan, 'n2', since);
  assert.ok(told > 5 && told <= 15, `${told} announcements in a second`);
});

test('a node that is heard again was not shut by its switch: the usual pace goes on at once', () => {
  const lan = silentAfterBurst();
  lan.heal();
  lan.run(1_500);
  assert.equal(pacing(lan), [true, false]);
});

test('a minute later the segment is calm', () => {
  const lan = silentAfterBurst();
  lan.run(61_000);
  assert.equal(pacing(lan), [true, false]);
});

test.run();
