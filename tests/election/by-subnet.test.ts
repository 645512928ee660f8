import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Group } from '../../modules/metallb/src/duty/duty.ts';
import { Electorate } from '../../modules/metallb/src/election/electorate.ts';
import type { NodeView, SegmentView } from '../../modules/metallb/src/election/view.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';

const EVERYBODY = ['n1', 'n2', 'n3'];
const GROUP: Group = {
  ...{ id: 'g', interfaces: [] },
  members: EVERYBODY.map((node) => ({ node, excluded: false, ready: 'ready' })),
};
const HERE: NodeView = {
  present: true,
  state: 'eligible',
  failedGates: { dataplane: false, reachability: false },
};

/** Of nodes some of which are in another subnet than the IP, and elect statically or not. */
function viewOf(elsewhere: readonly string[], statically: boolean): SegmentView {
  return {
    isInSubnetOf: (node) => !elsewhere.includes(node),
    electsStatically: () => statically,
    node: () => HERE,
  };
}

const rows: [name: string, bySubnet: boolean, elsewhere: readonly string[], order: string][] = [
  ['the preferred node where all are in it', true, [], 'n2 n3 n1'],
  ['not the preferred node when it is in another one', true, ['n2'], 'n3 n1'],
  ['nobody when nobody is in it', true, EVERYBODY, ''],
  ['the preferred node wherever it is, without the limit', false, EVERYBODY, 'n2 n3 n1'],
];
for (const statically of [false, true]) {
  for (const [name, bySubnet, elsewhere, order] of rows) {
    test(`by subnet${statically ? ', elected statically' : ''}: ${name}`, () => {
      const duty = dutyOf('192.0.2.10', { group: 'g', preferredNode: 'n2', bySubnet });
      const ranking = new Electorate(GROUP, viewOf(elsewhere, statically)).rank(duty);
      assert.is([...ranking].join(' '), order);
    });
  }
}

test.run();
