import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { arpRequest, neighbourSolicitation, readClaim } from '../../lab/frames.ts';

const PROBER = { mac: '02:00:00:00:00:aa', ip: '10.9.0.170' };

/** Answers of a Linux kernel, captured by tcpdump in the lab. */
const ARP_REPLY =
  '0200000000aa02000000000108060001080006040002020000000001c000020a0200000000aa0a0900aa';
const ADVERTISEMENT =
  '0200000000aa02000000000186dd6000000000203aff20010db8000200000000000000000010fd0000090000000000000000' +
  '000000aa88003a58e000000020010db80002000000000000000000100201020000000001';
/** What the same kernel took for a good question. */
const SOLICITATION =
  '3333ff0000100200000000aa86dd6000000000203afffd0000090000000000000000000000aaff020000000000000000' +
  '0001ff00001087004b660000000020010db800020000000000000000001001010200000000aa';

test('an ARP request is broadcast and padded to the Ethernet minimum', () => {
  const frame = arpRequest(PROBER, '192.0.2.10');
  assert.is(
    frame.toString('hex'),
    `ffffffffffff0200000000aa080600010800060400010200000000aa0a0900aa000000000000c000020a${'00'.repeat(18)}`,
  );
});

test('a solicitation goes to the solicited-node group', () => {
  const frame = neighbourSolicitation({ ...PROBER, ip: 'fd00:9::aa' }, '2001:db8:2::10');
  assert.is(frame.toString('hex'), SOLICITATION);
});

test('an ARP reply claims its sender address', () => {
  assert.equal(readClaim(Buffer.from(ARP_REPLY, 'hex')), {
    kind: 'arp-reply',
    ip: '192.0.2.10',
    mac: '02:00:00:00:00:01',
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:aa',
    gratuitous: false,
  });
});

test('an advertisement claims its target for the MAC in its option', () => {
  assert.equal(readClaim(Buffer.from(ADVERTISEMENT, 'hex')), {
    kind: 'neighbour-advertisement',
    ip: '2001:db8:2::10',
    mac: '02:00:00:00:00:01',
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:aa',
    gratuitous: false,
  });
});

test('solicitations and short frames claim nothing', () => {
  assert.is(readClaim(Buffer.from(SOLICITATION, 'hex')), undefined);
  assert.is(readClaim(Buffer.from(ARP_REPLY, 'hex').subarray(0, 41)), undefined);
});

test.run();
