import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import type { ClusterObject } from '../../lab/cluster.ts';
import { run, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { assignedIps } from '../../lab/health.ts';
import { fetchPage, pageOf } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { macOn, numberOf, SECOND_POOL } from '../../lab/plan.ts';
import type { Prober } from '../../lab/prober.ts';
import type { Frr } from '../../lab/routers/frr.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  endpointsOn,
  everyNode,
  moduleScenario,
  NODES,
  object,
  service,
} from './bgp-module.ts';
import { neighbour, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** Nodes on two networks at once: ARP answers on one of them, routers on the other. */
const TWO_NETWORKS = { lab: { secondSegment: true } } as const;
const SEEN_MS = 10_000;
const BFD_MS = 50;
const QUICK = object('BFDProfile', 'quick', {
  spec: { receiveInterval: BFD_MS, transmitInterval: BFD_MS },
});
/** An IP of a dead node is answered again. */
const DARK_MS = 3_000;

const EXAMPLE = join(import.meta.dirname, '../../examples/metallb-named-networks.yaml');
/** Of the example: where its routers and its workers are. */
const SPINE = { host: ROUTER.host, ipv4: '10.252.0.2', asn: 65_533 } as const;
const EDGE = { host: 'client2', ipv4: '10.252.0.3', asn: 65_532 } as const;
const WORKERS_ASN = 65_531;
const WORKERS: readonly string[] = ['10.252.1.11', '10.252.1.12', '10.252.1.13'];
/** Which routers, by the example, have the IPs of a Service. */
const ROUTED = {
  spine: ['boot', 'names', 'hardware-events', 'portal', 'results'],
  edge: ['results'],
} as const;
const ON_ALL = ['boot', 'names', 'hardware-events', 'portal', 'administration'];
/** `Local`, and these nodes have its Pods. */
const ON_SOME = { name: 'results', nodes: ['n1', 'n3'] } as const;
const ANSWERED = { name: 'administration', subnet: '10.103.9.64/26' } as const;

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'networks-a-pool-for-ARP-on-one-and-one-for-BGP-on-the-other',
    (lab) =>
      withRouter(lab, 'frr', everyNode({ bfdMs: BFD_MS }), async (router) => {
        const near = { addresses: [SECOND_POOL.IPv4.range] };
        const only = { ipAddressPools: ['near'], interfaces: ['eth1'] };
        await lab.cluster.apply(
          ...[QUICK, bgpPeer({ holdTime: '3s', connectTime: '1s', bfdProfile: 'quick' })],
          ...[advertisement({ ipAddressPools: ['far'] })],
          ...[object('IPAddressPool', 'near', { spec: near })],
          object('L2Advertisement', 'near', { spec: only }),
        );
        const far = await servedFrom(lab, 'far');
        const local = await servedFrom(lab, 'near');
        const second = await lab.secondProber();
        const announcer = await answererOf(lab, second, local);
        await reaches(lab, router, `${far}/32`, NODES);
        const eachWhereItBelongs = async () => {
          assert.equal(await router.table(), [`${far}/32`]);
          assert.equal(await lab.prober.macsOf(local), [], `${local} on the other network`);
          for (const one of [lab.prober, second]) assert.equal(await one.macsOf(far), [], far);
          await bothServe(lab, local, far);
        };
        await eachWhereItBelongs();

        await lab.switch.unplug(announcer, 'eth1');
        await NODE_LOSS.strike(lab, announcer);
        await answererOf(lab, second, local, announcer);
        const others = NODES.filter((_, index) => lab.nodes[index] !== announcer);
        await reaches(lab, router, `${far}/32`, others);
        await eachWhereItBelongs();

        await lab.switch.plug(announcer, 'eth1');
        await NODE_LOSS.repair(lab, announcer);
        await reaches(lab, router, `${far}/32`, NODES, SEEN_MS);
        await eachWhereItBelongs();
      }),
    TWO_NETWORKS,
  ),

  moduleScenario(
    'networks-a-site-with-named-ones-as-it-stands',
    (lab) =>
      onSite(lab, async (spine, edge) => {
        const text = await readFile(EXAMPLE, 'utf8');
        const documents = parseAllDocuments(text).map((one) => one.toJS() as ClusterObject);
        await lab.cluster.apply(...documents);
        for (const name of ON_ALL) await endpointsOn(lab, name, lab.nodes);
        await endpointsOn(lab, ON_SOME.name, ON_SOME.nodes);
        const ips = new Map<string, string>();
        for (const name of [...ON_ALL, ON_SOME.name]) {
          const [ip = ''] = await assignedIps(lab, name, 1);
          ips.set(name, ip);
        }
        const prefixesOf = (names: readonly string[]) =>
          names.map((name) => `${ips.get(name)}/32`).sort();

        for (const [router, { host }, names] of [
          [spine, SPINE, ROUTED.spine],
          [edge, EDGE, ROUTED.edge],
        ] as const) {
          for (const name of names) {
            const hops = WORKERS.filter((_, index) => isServedOn(name, lab.nodes[index] ?? ''));
            await installs(lab, host, `${ips.get(name)}/32`, hops);
            const url = `http://${ips.get(name)}:${POD_PORT}/`;
            assert.is((await fetchPage(lab.namespace(host), url)).status, 200, url);
          }
          assert.equal(await router.table(), prefixesOf(names), host);
        }

        const answered = ips.get(ANSWERED.name) ?? '';
        await answererOf(lab, await lab.secondProber(), answered);
        assert.equal(await lab.prober.macsOf(answered), [], 'on the network of the workers');
        assert.match(await pageOf(lab, answered), /^pod\d /);
        for (const node of lab.nodes) {
          assert.equal(await speaksBgpWith(lab, node), [SPINE.ipv4, EDGE.ipv4], node);
        }

        // The column EXTERNAL-IP and the tables change together.
        await lab.cluster.delete({ kind: 'Service', namespace: 'default', name: 'boot' });
        const left = prefixesOf(ROUTED.spine.filter((name) => name !== 'boot'));
        await until({ what: 'the table without boot', deadlineMs: SEEN_MS }, async () => {
          return String(await spine.table()) === String(left);
        });
      }),
    TWO_NETWORKS,
  ),
];

/** @returns the IP of a Service of the pool with its name */
async function servedFrom(lab: Lab, pool: 'near' | 'far'): Promise<string> {
  const wish = service(pool);
  const annotations = { 'metallb.io/address-pool': pool };
  await lab.cluster.apply({ ...wish, metadata: { ...wish.metadata, annotations } });
  await endpointsOn(lab, pool, lab.nodes);
  const [ip = ''] = await assignedIps(lab, pool, 1);
  return ip;
}

async function bothServe(lab: Lab, near: string, far: string): Promise<void> {
  assert.match(await pageOf(lab, near), /^pod\d /);
  const { status } = await fetchPage(lab.namespace(ROUTER.host), `http://${far}:${POD_PORT}/`);
  assert.is(status, 200);
}

/** Waits until one node answers on the second network. @returns it */
function answererOf(lab: Lab, prober: Prober, ip: string, otherThan?: string): Promise<string> {
  let macs: string[] = [];
  const what = () => `one answer for ${ip}, has ${macs.join(' ') || 'none'}`;
  const deadlineMs = otherThan === undefined ? SEEN_MS : DARK_MS;
  return until({ what, deadlineMs, everyMs: 20 }, async () => {
    macs = await prober.macsOf(ip);
    const node = lab.nodes.find((one) => macOn('second', numberOf(one)) === macs[0]);
    return macs.length === 1 && node !== undefined && node !== otherThan && node;
  });
}

/** Waits until the host's kernel has these ways. */
async function installs(lab: Lab, host: string, prefix: string, hops: readonly string[]) {
  let seen: readonly string[] = [];
  const what = () => `${prefix} via ${hops.join(' ')} on ${host}, not ${seen.join(' ')}`;
  await until({ what, deadlineMs: SEEN_MS, everyMs: 30 }, async () => {
    seen = await kernelNextHops(lab.namespace(host), prefix, 'bgp');
    return String(seen) === String(hops);
  });
}

function isServedOn(name: string, node: string): boolean {
  return name !== ON_SOME.name || ON_SOME.nodes.some((one) => one === node);
}

/** Plays with the routers of the example, and with the addresses that it takes its nodes and routers to have. */
async function onSite(lab: Lab, play: (spine: Frr, edge: Frr) => Promise<void>) {
  const neighbours = WORKERS.map((address) => neighbour({ address, asn: WORKERS_ASN }));
  const laid = [
    ...[SPINE, EDGE].map(({ host, ipv4 }) => [host, `address add ${ipv4}/17 dev eth0`] as const),
    ...lab.nodes.map((node, index) => [node, `address add ${WORKERS[index]}/17 dev eth0`] as const),
    ['client', `route add ${ANSWERED.subnet} dev eth1`] as const,
  ];
  const plan = ({ asn, ipv4 }: typeof SPINE | typeof EDGE) => ({ asn, id: ipv4, neighbours });
  for (const [host, command] of laid) await batch(lab.namespace(host), [command]);
  try {
    return await withRouter(
      lab,
      'frr',
      plan(SPINE),
      (spine) => withRouter(lab, 'frr', plan(EDGE), (edge) => play(spine, edge), EDGE.host),
      SPINE.host,
    );
  } finally {
    for (const [host, command] of laid) {
      await batch(lab.namespace(host), [command.replace(' add ', ' delete ')]);
    }
  }
}

/** Addresses that the node has a connection of BGP with, whoever opened it. */
async function speaksBgpWith(lab: Lab, node: string): Promise<string[]> {
  const established = ['ss', '-Htn', 'state', 'established'];
  const filter = ['( dport = :179 or sport = :179 )'];
  const command = ['ip', 'netns', 'exec', lab.namespace(node), ...established, ...filter];
  const lines = (await run(command)).trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).at(-1)?.replace(/:\d+$/, '') ?? '').sort();
}
