import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WireState } from '../../modules/metallb/src/speaker/wire-state.ts';

const ETH0 = { interface: 'eth0', state: 'eligible', peers: [] };
const ETH1 = { interface: 'eth1', state: 'eligible', peers: [] };

test('an interface that is served no more is not told of any more', () => {
  const state = new WireState();
  assert.ok(state.take({ type: 'segments', segments: [ETH0, ETH1] }));
  assert.not(state.take({ type: 'segments', segments: [ETH1, ETH0] }), 'no news');
  assert.ok(state.take({ type: 'segments', segments: [ETH0] }));
  assert.equal([...state.segments], [['eth0', { state: 'eligible', peers: [] }]]);
});

test('when a peer was heard is no news, and how it is, is', () => {
  const state = new WireState();
  const hears = (of: string, lastHeardMsAgo: number) => {
    const peers = [{ node: 'n2', state: of, lastHeardMsAgo }];
    return state.take({ type: 'segments', segments: [{ ...ETH0, peers }] });
  };
  assert.ok(hears('eligible', 10));
  assert.not(hears('eligible', 90));
  assert.ok(hears('suspect', 210));
});

test.run();
