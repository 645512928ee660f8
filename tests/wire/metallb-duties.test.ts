import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Member } from '../../modules/metallb/src/duty/duty.ts';
import { encodeNdpFrame } from '../../modules/metallb/src/layer2/announcement.ts';
import type { MacAddress } from '../../modules/metallb/src/net/mac.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv6 } from '../../modules/metallb/src/packet/ipv6.ts';
import { decodeNdp } from '../../modules/metallb/src/packet/ndp.ts';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const GROUP = 'L2Advertisement/metallb-system/all';
const NODES: readonly string[] = ['n1', 'n2', 'n3'];
const MACS = NODES.map((_, index) => mac(`02:00:00:00:00:0${index + 1}`));
const IPS = ['192.0.2.20', '192.0.2.21', '2001:db8::20', '2001:db8::21'];
const CLIENT = mac('02:00:00:00:00:c1');

/** The node that MetalLB would have answer. */
function first(address: string, nodes = NODES): MacAddress | undefined {
  const rank = (node: string) => createHash('sha256').update(`${node}#${address}`).digest('hex');
  const [winner] = nodes.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
  return MACS[NODES.indexOf(winner ?? '')];
}

/** Three nodes of one advertisement, that all hear each other. */
function segment(
  interfaces: readonly string[] = [],
  weights: readonly number[] = [],
  excluded: readonly string[] = [],
) {
  const lan = new VirtualSegment();
  const members = NODES.map((node, index): Member => {
    const weight = weights[index];
    const own = { node, excluded: excluded.includes(node), ready: 'ready' } as const;
    return { ...own, ...(weight !== undefined && { weight }) };
  });
  lan.groups.set(GROUP, { id: GROUP, interfaces, members });
  for (const address of IPS) lan.duty(address, '', { group: GROUP, preferredNode: undefined });
  for (const node of NODES) lan.start(node);
  lan.run(1_000);
  return lan;
}

test("healthy nodes answer in MetalLB's order, one for each IP", () => {
  const lan = segment();
  assert.equal(
    IPS.map((address) => lan.ask(address)),
    IPS.map((address) => [first(address)]),
  );
});

test('the next in the order answers when a node is dead, and moves nothing else', () => {
  const lan = segment();
  lan.kill('n1');
  lan.run(1_000);
  assert.equal(
    IPS.map((address) => lan.ask(address)),
    IPS.map((address) => [first(address, ['n2', 'n3'])]),
  );
});

test('the heaviest node answers', () => {
  const lan = segment([], [0, 0, 10]);
  for (const address of IPS) assert.equal(lan.ask(address), [MACS[2]]);
});

test('no node with the exclude label answers while another one lacks it', () => {
  const lan = segment([], [], ['n1', 'n3']);
  for (const address of IPS) assert.equal(lan.ask(address), [MACS[1]]);
});

test('where every node has the exclude label, they answer as if none had', () => {
  const lan = segment([], [], NODES);
  assert.equal(
    IPS.map((address) => lan.ask(address)),
    IPS.map((address) => [first(address)]),
  );
});

test('nobody answers on an interface that the group does not allow', () => {
  assert.equal(segment(['eth0']).ask('192.0.2.20').length, 1);
  assert.equal(segment(['eth1']).ask('192.0.2.20'), []);
});

test('a router that checks by unicast whether its neighbour is there is answered', () => {
  const lan = segment();
  const target = ip('2001:db8::20');
  const to = first(target) ?? CLIENT;
  const from = lan.sent.length;
  // RFC 4861 §4.3: of a unicast solicitation the source link-layer option may be left out.
  const question = encodeNdpFrame(
    { kind: 'neighbor-solicitation', target },
    { own: CLIENT, to, source: ip('2001:db8::c1'), destination: target },
  );
  lan.transmit('client', question);
  lan.run(5);
  const replies = lan.sent
    .slice(from)
    .map(({ frame }) => decodeEthernet(frame))
    .filter(({ destination }) => destination === CLIENT)
    .map(({ source, payload }) => ({ source, message: decodeNdp(decodeIpv6(payload)) }));
  assert.is(replies.length, 1);
  assert.is(replies[0]?.source, to);
  assert.is(replies[0]?.message?.kind, 'neighbor-advertisement');
});

test.run();
