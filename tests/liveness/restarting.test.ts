import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newPeer, type Peer } from '../../modules/metallb/src/liveness/peer.ts';
import { judge } from '../../modules/metallb/src/liveness/suspicion.ts';
import { ip, mac } from '../support/addresses.ts';

const NEVER = Number.NEGATIVE_INFINITY;

/** A peer that said `restarting` and has been asked `asked` times since its kernel last answered. */
function restarting(asked: number, nextProbeAt: number): Peer {
  const heartbeat = {
    ...{ cluster: '0', node: 'n1', interface: 'eth0', incarnation: '1', sequence: 1 },
    ...{ intervalMs: 100, revision: 1, addresses: [ip('192.0.2.251')] },
    ...{
      heard: [],
      covered: [],
      witnessed: [],
      deaf: false,
      heardInPart: false,
      disputed: [],
      state: 'restarting' as const,
    },
    failedGates: { dataplane: false, reachability: false },
    reaches: false,
  };
  const peer = newPeer(heartbeat, mac('02:00:00:00:00:01'));
  const phase = { phase: 'restarting', restartingUntil: 30_000 } as const;
  return Object.assign(peer, phase, { kernelAsked: asked, nextProbeAt });
}

/** All that keep its IPs with it say so: that proves nothing. */
function verdict(peer: Peer, now: number) {
  const times = { now, multiplier: 3, lastForeignFrameAt: NEVER, deafEndedAt: NEVER };
  return judge(peer, { ...times, isWitnessed: () => true });
}

test('four questions that the kernel of a restarting node leaves unanswered are its death', () => {
  assert.is(verdict(restarting(4, 500), 499), 'unchanged', 'the last one may still be answered');
  assert.is(verdict(restarting(4, 500), 500), 'dead');
});

test('a judge that could not ask has heard nothing worth a death', () => {
  assert.is(verdict(restarting(3, 500), 5_000), 'unchanged');
});

test('nobody waits for longer than the grace', () => {
  assert.is(verdict(restarting(0, 40_000), 30_001), 'dead');
});

test.run();
