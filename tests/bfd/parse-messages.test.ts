import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type KeptBfdSession,
  parseFromBfdd,
  parseKeptSession,
  parseToBfdd,
} from '../../modules/metallb/src/bfd/parse-messages.ts';
import { MalformedMessageError } from '../../modules/metallb/src/messages/parse-fields.ts';
import { ip } from '../support/addresses.ts';
import { wanted } from '../support/bfd-network.ts';

const SECRET = 'b3BlbnNlc2FtZQ==';
const FULL = wanted('fe80::1', {
  ...{ interface: 'eth0', local: ip('fe80::2'), passive: true },
  key: { kind: 'keyed-sha1', id: 1, secret: SECRET },
});
const KEPT: KeptBfdSession = {
  wanted: FULL,
  sourcePort: 50_000,
  memory: {
    ...{ discriminator: 1, remoteDiscriminator: 2, sequence: 3 },
    ...{ remote: FULL.timers, desiredMinTxMs: 50, requiredMinRxMs: 0.001 },
  },
};

/** As on the socket. */
function sent(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('messages are understood as they were sent', () => {
  const toBfdd = [
    { kind: 'hello', protocol: 1 },
    { kind: 'sessions', sessions: [FULL, wanted('192.0.2.1')] },
  ];
  for (const message of toBfdd) assert.equal(parseToBfdd(sent(message)), message);
  const fromBfdd = [
    { kind: 'hello', protocol: 1 },
    { kind: 'standing', name: 'x', standing: 'Down', why: 'nothing came' },
  ];
  for (const message of fromBfdd) assert.equal(parseFromBfdd(sent(message)), message);
  assert.equal(parseKeptSession(sent(KEPT)), KEPT);
});

const SPOILED: [string, unknown, string][] = [
  ['a peer', { ...FULL, peer: 'x' }, 'sessions[0].peer: expected a canonical IP address, got "x"'],
  ['timers', { ...FULL, timers: 7 }, 'sessions[0].timers: expected an object, got 7'],
  [
    'a key',
    { ...FULL, key: { ...FULL.key, kind: 'md5' } },
    'sessions[0].key.kind: expected one of keyed-sha1, meticulous-keyed-sha1, got "md5"',
  ],
  [
    'a secret, which is not shown',
    { ...FULL, key: { ...FULL.key, secret: 1234 } },
    'sessions[0].key.secret: expected a text, got (hidden)',
  ],
];
for (const [what, session, words] of SPOILED) {
  test(`a session with a wrong field is refused, naming it: ${what}`, () => {
    const message = parseToBfdd({ kind: 'sessions', sessions: [session] });
    assert.instance(message, MalformedMessageError);
    assert.is(message instanceof Error && message.message, words);
  });
}

test('what a process kept and nobody else wrote is refused', () => {
  assert.instance(parseKeptSession({ ...KEPT, memory: {} }), MalformedMessageError);
  assert.instance(parseKeptSession(null), MalformedMessageError);
});

test.run();
