import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rankNodes } from '../../modules/metallb/src/placement/rank.ts';

const fiveNodes = ['lb-1', 'lb-2', 'lb-3', 'lb-4', 'lb-5'];

// Deckhouse's order; the first five rows are what its own repository tests.
const rows: readonly [className: string, nodes: readonly string[], order: readonly string[]][] = [
  ['config_mlbc', ['frontend-2', 'frontend-3'], ['frontend-2', 'frontend-3']],
  ['default_mlbc', ['frontend-1', 'frontend-2'], ['frontend-1', 'frontend-2']],
  ['config-mlbc', ['frontend-1', 'frontend-2'], ['frontend-2', 'frontend-1']],
  ['default', ['frontend-1', 'frontend-2'], ['frontend-2', 'frontend-1']],
  ['migrate_mlbc', ['frontend-1', 'frontend-2'], ['frontend-2', 'frontend-1']],
  ['ingress', fiveNodes, ['lb-2', 'lb-1', 'lb-3', 'lb-5', 'lb-4']],
  ['edge', fiveNodes, ['lb-1', 'lb-3', 'lb-4', 'lb-5', 'lb-2']],
  ['l2-default', fiveNodes, ['lb-2', 'lb-3', 'lb-5', 'lb-4', 'lb-1']],
];

for (const [className, nodes, order] of rows) {
  test(`ranks the ${nodes.length} nodes of ${className} as Deckhouse does`, () => {
    assert.equal(rankNodes(className, nodes), order);
    assert.equal(rankNodes(className, [...nodes].reverse()), order);
  });
}

test.run();
