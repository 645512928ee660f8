import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { BGP_MESSAGE } from '../../modules/metallb/src/packet/bgp-message.ts';
import type { BgpOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { decodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { Pair } from '../support/bgp-pair.ts';

const FAMILIES = [{ family: 'IPv4', forwarding: false }] as const;

/** Every OPEN that a side has sent. */
function opensOf(pair: Pair): BgpOpen[] {
  const opens = pair.left.sent.filter((bytes) => bytes[18] === BGP_MESSAGE.open);
  return opens.map((bytes) => decodeOpen(bytes.subarray(19)));
}

test('after its first session a speaker has not restarted, and has gone on forwarding (RFC 4724 §3, 4.2)', () => {
  const capabilities = {
    ...{ ...NO_CAPABILITIES, families: ['IPv4'] as const },
    gracefulRestart: {
      ...{ restarted: true, afterNotification: false, restartSeconds: 120 },
      families: FAMILIES,
    },
    longLived: [{ ...FAMILIES[0], staleSeconds: 60 }],
  };
  const pair = new Pair({ capabilities }, { passive: true });
  pair.isCut = true;
  pair.start();
  pair.pass(3_000);
  pair.isCut = false;
  pair.pass(3_000);
  assert.is(pair.left.peering.phase, 'Established');
  for (const { capabilities: said } of opensOf(pair)) {
    assert.is(said.gracefulRestart?.restarted, true);
    assert.equal(said.gracefulRestart?.families, FAMILIES);
  }
  const before = opensOf(pair).length;
  pair.act(pair.left, pair.left.peering.lost('outgoing', 'connection reset by the peer', pair.now));
  pair.act(pair.right, pair.right.peering.lost('incoming', 'reset', pair.now));
  pair.pass(60_000);
  const [again] = opensOf(pair).slice(before);
  assert.equal(again?.capabilities.gracefulRestart, {
    ...{ restarted: false, afterNotification: false, restartSeconds: 120 },
    families: [{ family: 'IPv4', forwarding: true }],
  });
  assert.equal(again?.capabilities.longLived, [
    { family: 'IPv4', forwarding: true, staleSeconds: 60 },
  ]);
});

test.run();
