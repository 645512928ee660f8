import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandFailure } from '../../modules/metallb/src/cli/failure.ts';
import { isMalformed, type Layer, layersOf } from '../../modules/metallb/src/cli/frame-layers.ts';
import { readFrames } from '../../modules/metallb/src/cli/hex-input.ts';
import { formatFrames } from '../../modules/metallb/src/cli/layers-text.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { encodeArp } from '../../modules/metallb/src/packet/arp.ts';
import { encodeArpProof } from '../../modules/metallb/src/packet/arp-proof.ts';
import { encodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import {
  encodeHeartbeat,
  HEARTBEAT_PORT,
  type Heartbeat,
  heartbeatKey,
} from '../../modules/metallb/src/packet/heartbeat.ts';
import { encodeIpv6, PROTOCOL_UDP } from '../../modules/metallb/src/packet/ipv6.ts';
import { encodeUdp } from '../../modules/metallb/src/packet/udp.ts';
import { ip, mac } from '../support/addresses.ts';
import { golden, goldenNames } from '../support/golden.ts';
import { playCommand } from '../support/played-command.ts';

const MAC_A = mac('02:00:00:00:00:01');
const MAC_B = mac('02:00:00:00:00:02');

const inputs: [string, string, string[]][] = [
  ['digits', '0200ff', ['0200ff']],
  ['digits with any separators', '0x02 00:FF\n', ['0200ff']],
  ['digits with comments', '# origin\n02 00 # first\nff', ['0200ff']],
  [
    'tcpdump -xx, two frames',
    [
      '12:00:00.0 ARP, Request who-has 192.0.2.1 tell 192.0.2.2, length 28',
      '\t0x0000:  0200 0000 0001 0200 0000 0002 0806 0001',
      '\t0x0010:  0800 06',
      '12:00:01.0 IP6',
      '\t0x0000:  3333 0000',
    ].join('\n'),
    ['0200000000010200000000020806000108' + '0006', '33330000'],
  ],
  [
    'tcpdump -XX, whose text column may look like digits',
    '\t0x0000:  6162 6364 6566  abcdef',
    ['616263646566'],
  ],
  ['xxd', '00000000: 0200 0000 0001  ......\n00000006: ffff  ..', ['020000000001ffff']],
  [
    "Wireshark's hex dump",
    '0000   02 00 00 00 00 01 ff ff   ........\r\n0008   08 06   ..',
    ['020000000001ffff0806'],
  ],
];
for (const [form, text, frames] of inputs) {
  test(`a frame is read from ${form}`, () => {
    assert.equal(
      readFrames(text).map((bytes) => Buffer.from(bytes).toString('hex')),
      frames,
    );
  });
}

for (const [text, sentence] of [
  ['', 'there are no bytes'],
  ['# only a comment', 'there are no bytes'],
  ['02zz', '"z" is no hexadecimal digit'],
  ['020', 'one digit only'],
  ['\u00d4\ufffd\u0000', 'binary data'],
  ['00'.repeat(70_000), '70000 bytes are more'],
  ['\t0x0000:  0200 0000\n\t0x0010:  0806', 'offset 0x10 follows 4 bytes'],
  ['\t0x0000:  0806 0000 0000 0002 0001 0106 1295', 'name one interface'],
  ['\t0x0000:  0001 0800 0604 0001 0200 0000', 'use -xx'],
] as const) {
  test(`${text.slice(0, 20) || 'nothing'}: ${sentence}`, () => {
    assert.throws(
      () => readFrames(text),
      (error: unknown) => error instanceof CommandFailure && error.message.includes(sentence),
    );
  });
}

const meanings: [string, string][] = [
  ['arp-request-broadcast', 'who has 192.0.2.10?'],
  ['arp-reply-unicast', '192.0.2.10 is at 02:00:00:00:00:0a'],
  ['arp-probe', 'probe: does anybody use 192.0.2.11?'],
  ['arp-gratuitous-request', 'announcement: 192.0.2.10 is at 02:00:00:00:00:0a'],
  ['ndp-solicitation-duplicate-detection', 'probe: does anybody use 2001:db8::b?'],
  ['ndp-advertisement-unsolicited', '2001:db8::c is at 02:00:00:00:00:0a'],
];
for (const [name, meaning] of meanings) {
  test(`${name} means: ${meaning}`, () => {
    assert.is(layersOf(golden(name), []).at(-1)?.fields['meaning'], meaning);
  });
}

test('every golden frame can be read, and a cut-off one as far as it goes', () => {
  for (const name of goldenNames()) {
    const whole = layersOf(golden(name), []);
    assert.ok(whole.length > 1 && !isMalformed(whole), name);
    const [ethernet, ...rest] = layersOf(golden(name).subarray(0, 20), []);
    assert.equal(ethernet, whole[0]);
    assert.ok(isMalformed(rest), name);
    assert.match(String(rest.at(-1)?.fields['problem']), 'malformed');
  }
});

/** What `mlb decode` prints and returns for this text. */
async function decoded(text: string): Promise<{ code: number; lines: string[] }> {
  const { code, printed } = await playCommand(['decode'], text);
  return { code, lines: printed.split('\n') };
}

test('a frame that is cut off hides none of the others, and is a failure', async () => {
  const dump = (bytes: Uint8Array) =>
    `0x0000:  ${Buffer.from(bytes)
      .toString('hex')
      .replace(/(.{4})/g, '$1 ')}`;
  const probe = golden('arp-probe');
  const { code, lines } = await decoded([probe.subarray(0, 20), probe].map(dump).join('\n'));
  assert.is(code, 1);
  assert.is(lines.filter((line) => line.includes('probe: does anybody use')).length, 1);
  assert.is(lines.filter((line) => line === 'malformed').length, 1);
  assert.is((await decoded(dump(probe))).code, 0);
});

test('fields stand below each other, frames apart', () => {
  const arp = layersOf(golden('arp-probe'), []);
  const lines = formatFrames([arp, arp], plain);
  assert.equal(lines.slice(0, 4), [
    'Ethernet',
    '  destination  ff:ff:ff:ff:ff:ff',
    '  source       02:00:00:00:00:0a',
    '  ether type   0x0806',
  ]);
  assert.is(lines.filter((line) => line === '').length, 1);
});

test('the nonce in the padding of an ARP request is shown', () => {
  const payload = encodeArp({
    operation: 'request',
    senderHardwareAddress: MAC_A,
    senderIp: ip('0.0.0.0'),
    targetHardwareAddress: MAC_B,
    targetIp: ip('192.0.2.10'),
    trailer: encodeArpProof(new Uint8Array(16).fill(0xab)),
  });
  const frame = encodeEthernet({ destination: MAC_B, source: MAC_A, etherType: 0x0806, payload });
  assert.is(layersOf(frame, []).at(-1)?.fields['nonce'], 'ab'.repeat(16));
});

const KEY = heartbeatKey(new Uint8Array(16).fill(1));
const OTHER_KEY = heartbeatKey(new Uint8Array(16).fill(2));
const HEARTBEAT: Heartbeat = {
  cluster: '0011223344556677',
  node: 'n1',
  interface: 'eth0',
  incarnation: '8899aabbccddeeff',
  sequence: 7,
  intervalMs: 100,
  state: 'holding-down',
  failedGates: { dataplane: true, reachability: false },
  reaches: true,
  revision: 42,
  addresses: [ip('192.0.2.1')],
  heard: [],
  heardInPart: false,
  covered: [],
  witnessed: [],
  deaf: false,
  disputed: [],
};

function heartbeatFields(damage: (bytes: Uint8Array) => void, keys = [KEY]): Layer['fields'] {
  const heartbeat = encodeHeartbeat(HEARTBEAT, [KEY]);
  damage(heartbeat);
  const ends = { source: ip('fe80::1'), destination: ip('ff02::1') };
  const udp = { sourcePort: HEARTBEAT_PORT, destinationPort: HEARTBEAT_PORT, payload: heartbeat };
  const packet = {
    ...ends,
    nextHeader: PROTOCOL_UDP,
    hopLimit: 255,
    payload: encodeUdp(udp, ends),
  };
  const payload = encodeIpv6(packet);
  const frame = encodeEthernet({ destination: MAC_B, source: MAC_A, etherType: 0x86dd, payload });
  return layersOf(frame, keys).at(-1)?.fields ?? {};
}

test('a heartbeat without keys shows its header and says that nobody checked it', () => {
  const fields = heartbeatFields(() => undefined, []);
  assert.is(fields['incarnation'], '8899aabbccddeeff');
  assert.is(fields['sequence'], 7);
  assert.match(String(fields['signature']), 'NOT checked');
  assert.is(fields['node'], undefined);
});

test('a heartbeat with its key shows everything', () => {
  const fields = heartbeatFields(() => undefined);
  assert.is(fields['signature'], 'right');
  assert.is(fields['node'], 'n1');
  assert.is(fields['state'], 'holding-down');
  assert.is(fields['failed gates'], 'dataplane');
  assert.is(fields['addresses'], '192.0.2.1');
  assert.is(fields['hears incarnations'], 'none');
});

test('a heartbeat that was changed, or signed with another key, shows no more than its header', () => {
  const changed = heartbeatFields((bytes) => bytes.fill(0xff, bytes.length - 1));
  assert.match(String(changed['signature']), 'WRONG');
  const foreign = heartbeatFields(() => undefined, [OTHER_KEY]);
  assert.match(String(foreign['signature']), 'NOT checked: no key');
  assert.is(changed['node'] ?? foreign['node'], undefined);
});

test('a heartbeat of a later version is named as such', () => {
  const fields = heartbeatFields((bytes) => bytes.fill(9, 0, 1));
  assert.equal(Object.keys(fields), ['version', 'note']);
});

test.run();
