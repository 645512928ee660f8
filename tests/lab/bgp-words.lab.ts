import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { holdsNot, tells } from '../../lab/condition.ts';
import { until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import type { Neighbour, RouterKind } from '../../lab/routers/router.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NAMESPACE,
  NODES,
  served,
  sessionOf,
  withPool,
} from './bgp-module.ts';
import { KINDS, neighbour, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** A router and a BGPPeer that do not fit: the Node's condition and the log of the speaker say what is wrong, in words. */
const DOWN = 'BgpSessionDown';
const MANY_LINES = 100_000;
const LOGGED_MS = 5_000;

interface Misfit {
  readonly name: string;
  readonly kind: RouterKind;
  readonly router: Partial<Neighbour>;
  readonly peer: object;
  readonly words: RegExp;
  /** What the words ask for. */
  readonly cure: object;
  readonly isLong?: boolean;
}

/** Routers that have refused a session close connections for a second or two. */
const QUICK = { connectTime: '1s' };
const OTHER_ASN = 64_777;
const SHORTEST_S = 20;
const NO_COMMON_FAMILY =
  /OPEN Message Error: Unsupported Capability: (the peer takes routes of IPv6, expected IPv4|this node offers routes of IPv4)/;

const MISFITS: readonly Misfit[] = [
  ...(['frr', 'bird'] as const).map((kind) => ({
    name: `words-${kind}-wants-a-longer-hold-time`,
    kind,
    router: { minimumHoldSeconds: SHORTEST_S, holdSeconds: SHORTEST_S },
    peer: { holdTime: '9s' },
    words: /the peer says OPEN Message Error: Unacceptable Hold Time: this node offers 9 s/,
    cure: { holdTime: `${SHORTEST_S}s` },
    isLong: kind !== 'frr',
  })),
  {
    name: 'words-a-router-that-expects-another-AS',
    kind: 'frr',
    router: { asn: OTHER_ASN },
    peer: {},
    words: /the peer says OPEN Message Error: Bad Peer AS: this node is AS 64500/,
    cure: { myASN: OTHER_ASN },
  },
  {
    name: 'words-a-router-that-insists-on-both-families',
    kind: 'frr',
    router: { isStrict: true },
    peer: {},
    words:
      /the peer says OPEN Message Error: Unsupported Capability: this node offers routes of IPv4/,
    cure: { dualStackAddressFamily: true },
  },
  {
    name: 'words-a-router-with-another-password',
    kind: 'bird',
    router: { password: 'secret', passive: true },
    peer: { password: 'guess' },
    words: /the peer does not answer: .* its password is another$/,
    cure: { password: 'secret' },
  },
  {
    name: 'words-a-router-that-takes-one-family-of-two',
    kind: 'frr',
    router: { families: ['IPv4'] },
    peer: { dualStackAddressFamily: true },
    words: /the router takes no routes of IPv6 in this session/,
    cure: {},
  },
];

export const scenarios: readonly Scenario[] = [
  ...MISFITS.map(({ name, kind, router, peer, words, cure, isLong = false }) =>
    moduleScenario(
      name,
      (lab) =>
        withRouter(lab, kind, everyNode(router), async (running) => {
          const ip = await wrongly(lab, peer, words);
          await lab.cluster.apply(bgpPeer({ ...QUICK, ...cure }));
          await reaches(lab, running, `${ip}/32`, NODES);
          await nodeTells(lab, 'n1', DOWN, { status: 'False' });
        }),
      { isLong },
    ),
  ),

  // GoBGP would have a session in which nothing can be told; FRR and BIRD refuse it themselves.
  ...KINDS.map((kind) =>
    moduleScenario(
      `words-${kind}-takes-another-family`,
      (lab) =>
        withRouter(lab, kind, everyNode({ families: ['IPv6'] }), async (router) => {
          await wrongly(lab, {}, NO_COMMON_FAMILY);
          for (const node of NODES) assert.not(await router.isEstablished(node));
        }),
      { isLong: kind !== 'gobgp' },
    ),
  ),

  ...KINDS.map((kind) =>
    moduleScenario(
      `words-${kind}-does-not-know-a-node`,
      (lab) => {
        const [, ...others] = NODES;
        const neighbours = others.map((address) => neighbour({ address }));
        return withRouter(lab, kind, { neighbours }, async () => {
          await wrongly(lab, {}, /before it said anything: expected that it knows this node/);
          await until({ what: 'n2, which it knows', deadlineMs: 5_000 }, async () => {
            return (await sessionOf(lab, 'n2'))?.state === 'Established';
          });
        });
      },
      { isLong: kind !== 'frr' },
    ),
  ),

  // There is a session, and a family of which the node has no next hop to tell.
  moduleScenario('words-IPv6-of-a-node-without-an-address-of-it', async (lab) => {
    const address = 'fd00:9::1/64 dev eth0';
    await batch(lab.namespace('n1'), [`address delete ${address}`]);
    try {
      return await withRouter(lab, 'frr', everyNode(), async (router) => {
        const words = /IPs of IPv6 are not announced .*: this node has no global address of IPv6/;
        const ip = await wrongly(lab, { dualStackAddressFamily: true }, words);
        await reaches(lab, router, `${ip}/32`, NODES);
        await holdsNot(lab, { kind: 'Node', name: 'n2' }, `network.deckhouse.io/${DOWN}`);
      });
    } finally {
      await batch(lab.namespace('n1'), [`address add ${address} nodad`]);
    }
  }),

  moduleScenario('words-IPv4-over-IPv6-without-its-capability', (lab) => {
    const ipv6 = lab.nodes.map((_, index) => `fd00:9::${index + 1}`);
    const both = { peerAddress: ROUTER.ipv6, dualStackAddressFamily: true };
    const neighbours = (ipv4OverIpv6: boolean) =>
      ipv6.map((address) => neighbour({ address, ipv4OverIpv6 }));
    return withRouter(lab, 'frr', { neighbours: neighbours(false) }, async (without) => {
      const words = /IPs of IPv4 are not announced .*: the router .* capability extended next hop/;
      const ip = await wrongly(lab, both, words);
      assert.is(await without.count('IPv4'), 0);
      await without.stop();
      await withRouter(lab, 'frr', { neighbours: neighbours(true) }, async (router) => {
        await reaches(lab, router, `${ip}/32`, ipv6);
        await nodeTells(lab, 'n1', DOWN, { status: 'False' });
      });
    });
  }),

  // Every node has been given an IP after the BGPPeer, and by then would have connected.
  scenario(
    'bgp/words-edition-CE-opens-no-session-and-answers-as-ever',
    {},
    withPool((lab) =>
      withRouter(lab, 'bird', everyNode({ passive: true }), async (router) => {
        const capture = await startCapture({
          ...{ namespace: lab.namespace(ROUTER.host), interfaceName: 'eth0' },
          ...{ file: join(lab.directory, 'bgp.pcap'), filter: 'tcp port 179' },
        });
        const wanted = bgpPeer(QUICK);
        await lab.cluster.apply(wanted, advertisement());
        const { name } = wanted.metadata;
        const accepted = { type: 'Accepted', status: 'False', reason: 'EditionRequired' };
        await tells(lab, { kind: 'BGPPeer', namespace: NAMESPACE, name }, accepted);
        const all = await freshServices(lab);
        assert.equal([...new Set(all.map((one) => one.preferredNode))].sort(), lab.nodes);
        const frames = await capture.stopWithFrames();
        assert.is(frames.length, 0, 'frames to or from port 179');
        for (const node of NODES) assert.not(await router.isEstablished(node));
      }),
    ),
  ),
];

/** Waits until the Node n1 says so of its session with the router, and the log. @returns the IP that waits to be announced */
async function wrongly(lab: Lab, spec: object, words: RegExp): Promise<string> {
  const before = lab.program('n1').lastLogLines(MANY_LINES).length;
  await lab.cluster.apply(bgpPeer({ ...QUICK, ...spec }), advertisement());
  const ip = await served(lab, 'web');
  const told = await nodeTells(lab, 'n1', DOWN, { message: words });
  assert.match(told, `router (${'peerAddress' in spec ? spec.peerAddress : ROUTER.ipv4}): `);
  await until({ what: `${words} in the log`, deadlineMs: LOGGED_MS }, () => {
    const lines = lab.program('n1').lastLogLines(MANY_LINES).slice(before);
    return lines.some((line) => line.includes('BGP session') && words.test(whyOf(line)));
  });
  return ip;
}

function whyOf(line: string): string {
  const { why = '' }: { why?: string } = JSON.parse(line);
  return why;
}
