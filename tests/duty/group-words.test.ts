import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { groupWords } from '../../modules/metallb/src/duty/group-words.ts';

const rows: [ids: readonly string[], names: string, field: string][] = [
  [['a', 'b'], 'MetalLoadBalancerClass a, b', 'spec.l2.interfaces'],
  [['L2Advertisement/x/a'], 'L2Advertisement x/a', 'spec.interfaces'],
  [
    ['L2Advertisement/x/a,x/b', 'L2Advertisement/x/b', 'c'],
    'MetalLoadBalancerClass c and L2Advertisement x/a, x/b',
    'spec.l2.interfaces and spec.interfaces',
  ],
];
for (const [ids, names, interfacesField] of rows) {
  test(`groups in words: ${names}`, () => {
    assert.equal(groupWords(ids), { names, interfacesField });
  });
}

test.run();
