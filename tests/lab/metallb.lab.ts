import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { KILL_NODE } from '../../lab/faults.ts';
import { answeredBy, answeredByNobody, assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Play, type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { endpointSliceManifest, POD_PORT } from '../../lab/workload.ts';

const NAMESPACE = 'metallb-system';
const API = { apiVersion: 'metallb.io/v1beta1' } as const;
/** On the public segment, beside the pools of the classes. */
const ADDRESSES = ['192.0.2.128/26', '2001:db8:2::100-2001:db8:2::1ff'];
/** A dead node is noticed, confirmed and succeeded well within this. */
const TAKEOVER_MS = 1_500;

function pool(name = 'public', labels = {}): ClusterObject {
  const metadata = { name, namespace: NAMESPACE, labels };
  return { ...API, kind: 'IPAddressPool', metadata, spec: { addresses: ADDRESSES } };
}

function advertisement(spec: object = {}, name = 'public'): ClusterObject {
  const metadata = { name, namespace: NAMESPACE };
  return { ...API, kind: 'L2Advertisement', metadata, spec: { ...spec } };
}

/** Of both families, without a class. */
function service(name: string, labels = {}): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', labels },
    spec: {
      type: 'LoadBalancer',
      ipFamilyPolicy: 'RequireDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
      ports: [{ name: 'http', protocol: 'TCP', port: POD_PORT }],
    },
  };
}

async function endpointsOn(lab: Lab, name: string, nodes: readonly string[]): Promise<void> {
  const backends = nodes.map((node) => ({ pod: `pod${node.slice(1)}`, node }));
  for (const family of ['IPv4', 'IPv6'] as const) {
    await lab.cluster.apply(endpointSliceManifest({ name, family }, backends));
  }
}

/** @returns its IPs, one of each family */
async function announced(lab: Lab, name: string, labels = {}): Promise<string[]> {
  await lab.cluster.apply(service(name, labels));
  await endpointsOn(lab, name, ['n1', 'n2', 'n3']);
  return assignedIps(lab, name, 2);
}

/** MetalLB's order of nodes for an IP. */
function orderFor(ip: string, nodes: readonly string[]): string[] {
  const rankOf = (node: string) => createHash('sha256').update(`${node}#${ip}`).digest('hex');
  return nodes.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
}

async function answeredInOrder(
  lab: Lab,
  ips: readonly string[],
  nodes: readonly string[],
  deadlineMs?: number,
): Promise<void> {
  for (const ip of ips) await answeredBy(lab, ip, orderFor(ip, nodes)[0] ?? '', deadlineMs);
}

const onNode = (...names: readonly string[]) =>
  names.map((name) => ({ matchLabels: { 'kubernetes.io/hostname': name } }));

/** With a pool, and none of it left behind. */
function metallbScenario(name: string, play: Play): Scenario {
  return scenario(`metallb/${name}`, {}, async (lab, alone) => {
    await deleteServices(lab);
    await lab.cluster.apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      pool(),
    );
    try {
      return await play(lab, alone);
    } finally {
      await deleteServices(lab);
      for (const kind of ['IPAddressPool', 'L2Advertisement']) {
        for (const { metadata } of await lab.cluster.list(kind)) {
          await lab.cluster.delete({ kind, namespace: NAMESPACE, name: metadata.name });
        }
      }
    }
  });
}

/** Who announces, as it is told to people: by IP. */
async function tellsAnnouncer(lab: Lab, ip: string, node: string): Promise<void> {
  let told: unknown;
  const what = () => `a ServiceL2Status that says ${node} announces ${ip}, says ${told}`;
  await until({ what, deadlineMs: 10_000 }, async () => {
    const statuses = await lab.cluster.list('ServiceL2Status');
    const status = statuses.map((each) => each.status).find((each) => each?.['ip'] === ip);
    told = status?.['node'];
    return told === node;
  });
}

/** No object is left that names an announcer of these. */
async function tellsNothing(lab: Lab, ips: readonly string[]): Promise<void> {
  let told: unknown[] = [];
  const what = () => `no ServiceL2Status of ${ips.join(' ')}, says ${JSON.stringify(told)}`;
  await until({ what, deadlineMs: 10_000 }, async () => {
    const statuses = await lab.cluster.list('ServiceL2Status');
    told = statuses.flatMap(({ status }) => (ips.includes(String(status?.['ip'])) ? [status] : []));
    return told.length === 0;
  });
}

export const scenarios: readonly Scenario[] = [
  metallbScenario("healthy-nodes-answer-in-metallb's-order", async (lab) => {
    await lab.cluster.apply(advertisement());
    for (const name of ['a', 'b', 'c']) {
      const ips = await announced(lab, name);
      await answeredInOrder(lab, ips, lab.nodes);
    }
    return undefined;
  }),

  metallbScenario('a-dead-node-is-succeeded-by-the-next', async (lab) => {
    await lab.cluster.apply(advertisement());
    const ips = await announced(lab, 'web');
    await answeredInOrder(lab, ips, lab.nodes);
    const [first = ''] = orderFor(ips[0] ?? '', lab.nodes);
    const left = lab.nodes.filter((node) => node !== first);
    await tellsAnnouncer(lab, ips[0] ?? '', first);
    await KILL_NODE.strike(lab, first);
    await answeredInOrder(lab, ips, left, TAKEOVER_MS);
    await tellsAnnouncer(lab, ips[0] ?? '', orderFor(ips[0] ?? '', left)[0] ?? '');
    await KILL_NODE.repair(lab, first);
    await answeredInOrder(lab, ips, lab.nodes, 30_000);
    return undefined;
  }),

  metallbScenario('each-form-of-addresses-is-answered', async (lab) => {
    const addresses = ['192.0.2.240/29', '192.0.2.250-192.0.2.253', '2001:db8:2::300/125'];
    const spec = { addresses, autoAssign: false, avoidBuggyIPs: true };
    await lab.cluster.apply({ ...pool('forms'), spec }, advertisement());
    const wanted = [
      ['192.0.2.241', '2001:db8:2::301'],
      ['192.0.2.252', '2001:db8:2::307'],
    ];
    for (const [index, ips] of wanted.entries()) {
      const name = `form${index}`;
      const { metadata, ...rest } = service(name);
      const annotations = { 'metallb.io/loadBalancerIPs': ips.join() };
      await lab.cluster.apply({ ...rest, metadata: { ...metadata, annotations } });
      await endpointsOn(lab, name, lab.nodes);
      assert.equal(await assignedIps(lab, name, 2), ips);
      await answeredInOrder(lab, ips, lab.nodes);
    }
    const ips = await announced(lab, 'unasked');
    assert.not.ok(
      ips.some((ip) => /^192\.0\.2\.2[45]|::30/.test(ip)),
      `${ips} unasked`,
    );
    return undefined;
  }),

  metallbScenario('what-nobody-announces-is-told-of-nobody', async (lab) => {
    await lab.cluster.apply(advertisement());
    const ips = await announced(lab, 'web');
    const [ip = ''] = ips;
    const [first = ''] = orderFor(ip, lab.nodes);
    await tellsAnnouncer(lab, ip, first);
    await endpointsOn(lab, 'web', []);
    for (const each of ips) await answeredByNobody(lab, each);
    await tellsNothing(lab, ips);
    await endpointsOn(lab, 'web', ['n1', 'n2', 'n3']);
    await tellsAnnouncer(lab, ip, first);
    await lab.cluster.delete({
      kind: 'L2Advertisement',
      namespace: NAMESPACE,
      name: advertisement().metadata.name,
    });
    for (const each of ips) await answeredByNobody(lab, each);
    await tellsNothing(lab, ips);
    await lab.cluster.apply(advertisement());
    await answeredInOrder(lab, ips, lab.nodes);
    await tellsAnnouncer(lab, ip, first);
    return undefined;
  }),

  metallbScenario('an-advertisement-selects-pools-nodes-and-interfaces', async (lab) => {
    const ips = await announced(lab, 'web');
    for (const ip of ips) await answeredByNobody(lab, ip);
    await lab.cluster.apply(advertisement({ ipAddressPools: ['other'] }));
    for (const ip of ips) await answeredByNobody(lab, ip);
    await lab.cluster.apply(advertisement({ ipAddressPools: ['public'] }));
    await answeredInOrder(lab, ips, lab.nodes);
    const nodeSelectors = onNode('n2', 'n3');
    await lab.cluster.apply(advertisement({ nodeSelectors }));
    await answeredInOrder(lab, ips, ['n2', 'n3']);
    await lab.cluster.apply(advertisement({ nodeSelectors, interfaces: ['mgmt0'] }));
    for (const ip of ips) await answeredByNobody(lab, ip);
    const onPublic = { nodeSelectors: onNode('n1'), interfaces: ['eth0'] };
    await lab.cluster.apply(advertisement(onPublic, 'more'));
    // Interfaces play no part in the election, as with MetalLB: where another one wins, nobody answers here.
    await lab.cluster.delete({ kind: 'L2Advertisement', namespace: NAMESPACE, name: 'public' });
    await answeredInOrder(lab, ips, ['n1']);
    const ipAddressPoolSelectors = [{ matchLabels: { zone: 'a' } }];
    await lab.cluster.apply(advertisement({ ipAddressPoolSelectors }, 'more'));
    for (const ip of ips) await answeredByNobody(lab, ip);
    await lab.cluster.apply(pool('public', { zone: 'a' }));
    await answeredInOrder(lab, ips, lab.nodes);
    const serviceSelectors = [{ matchLabels: { app: 'other' } }];
    await lab.cluster.apply(advertisement({ serviceSelectors }, 'more'));
    for (const ip of ips) await answeredByNobody(lab, ip);
    return undefined;
  }),

  metallbScenario('preferred-nodes-come-first', async (lab) => {
    await lab.cluster.apply(advertisement());
    const ips = await announced(lab, 'web');
    const last = orderFor(ips[0] ?? '', lab.nodes).at(-1) ?? '';
    const [preference] = onNode(last);
    await lab.cluster.apply(advertisement({ preferredNodeSelectors: [{ weight: 1, preference }] }));
    for (const ip of ips) await answeredBy(lab, ip, last);
    return undefined;
  }),

  metallbScenario('an-IP-follows-the-endpoints-of-its-Service', async (lab) => {
    await lab.cluster.apply(advertisement());
    const ips = await announced(lab, 'web');
    for (const node of lab.nodes) {
      await endpointsOn(lab, 'web', [node]);
      for (const ip of ips) await answeredBy(lab, ip, node);
    }
    await endpointsOn(lab, 'web', []);
    for (const ip of ips) await answeredByNobody(lab, ip);
    await endpointsOn(lab, 'web', lab.nodes);
    await answeredInOrder(lab, ips, lab.nodes);
    assert.is(ips.length, 2);
    return undefined;
  }),
];
