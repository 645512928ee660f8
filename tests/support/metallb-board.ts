import type { Duty } from '../../modules/metallb/src/duty/duty.ts';
import type { MetallbOptions } from '../../modules/metallb/src/speaker/metallb-view.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { ip } from './addresses.ts';
import { addressPool, advertisement, announcedService } from './announced-objects.ts';
import { BoardFixture } from './board-fixture.ts';
import { balancerNode, sliceOf } from './cluster.ts';

/** What the Service `web` has. */
export const IP = '203.0.113.1';
export const GROUP = 'L2Advertisement/metallb-system/all';
const EVERYWHERE = [{ nodeName: 'n1' }, { nodeName: 'n2' }];

/** A selector of what has this label. */
export const labelled = (value: string) => ({ matchLabels: { zone: value } });

/** Two nodes and a Service of a pool that one advertisement is about; its endpoints are on both nodes. */
export function metallb(...more: readonly NewObject[]): BoardFixture {
  return metallbWith({}, ...more);
}

/** The same with other settings. */
export function metallbWith(
  options: Partial<MetallbOptions>,
  ...more: readonly NewObject[]
): BoardFixture {
  const fixture = new BoardFixture(options);
  const objects = [
    ...[balancerNode('n1'), balancerNode('n2'), addressPool('public'), advertisement('all')],
    ...[announcedService('web', [IP]), sliceOf('web', EVERYWHERE)],
  ];
  for (const object of [...objects, ...more]) fixture.set(object);
  return fixture;
}

/** What nodes are to do for an IP now. */
export function dutyAfter(fixture: BoardFixture, address = IP): Duty | undefined {
  fixture.update();
  return fixture.board.table.duties.get(ip(address));
}
