import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { rehearse } from '../../modules/metallb/src/wire/rehearsal.ts';

test('a rehearsal goes all the way: a heartbeat, and an answer of each family', () => {
  const frames = rehearse().map(decodeEthernet);
  const answers = frames.flatMap((frame) => classifyClaim(frame) ?? []);
  const answered = answers.filter(({ kind }) => kind === 'reply' || kind === 'announcement');
  assert.equal(new Set(answered.map(({ ip }) => ip)), new Set(['192.0.2.1', '2001:db8::1']));
  assert.ok(
    frames.some((frame) => classifyClaim(frame) === undefined),
    'a heartbeat',
  );
});

test.run();
