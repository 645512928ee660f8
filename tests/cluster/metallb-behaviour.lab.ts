import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { type Fault, killPart, NODE_LOSS } from '../../lab/faults.ts';
import { answeredBy, assignedIps, ready } from '../../lab/health.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { METALLB_NAMESPACE } from '../../lab/kubernetes/metallb.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { serviceNamed } from '../../lab/workload.ts';
import {
  advertisementManifest,
  answererOf,
  applyText,
  BESIDE_METALLB,
  haveNamespace,
  plainService,
  poolManifest,
  poolTells,
  steadyNodeOf,
  tells,
  withoutMetallbObjects,
} from './metallb-lab.ts';

const RANGE = '192.0.2.100-192.0.2.109';
const NARROWER = '192.0.2.105-192.0.2.109';
const RANGE6 = '2001:db8:2::100-2001:db8:2::109';
const SERVES = 'metallb.io/ip-address-pool';
const BOUND = 'network.deckhouse.io/load-balancer-class';
const IN_POOL = 'network.deckhouse.io/ips-in-pool';
const DRAIN = 'network.deckhouse.io/drain-balancer';
/** Detection takes 300 ms; the rest is a machine that runs a cluster. */
const DARK_AT_MOST_MS = 1_000;
const AWAY_MS = 3_000;
/** Longer than a request may wait for its answer. */
const SETTLED_MS = 700;

export const scenarios: readonly Scenario[] = [
  inLab(
    'conditions-and-counters',
    async (lab) => {
      await haveNamespace(lab, 'elsewhere');
      await lab.cluster.apply(
        { ...poolManifest('stray', ['192.0.2.120/30'], 'elsewhere') },
        poolManifest('overlapping', ['192.0.2.96/28']),
      );
      await poolTells(lab, 'first', 'Accepted', { status: 'True' });
      await poolTells(lab, 'overlapping', 'Accepted', { status: 'False', message: /first/ });
      const stray = { kind: 'IPAddressPool', namespace: 'elsewhere', name: 'stray' };
      await tells(lab, stray, 'Accepted', { status: 'False', reason: 'NotWatched' });
      await tells(lab, serviceNamed('web'), SERVES, { status: 'True', message: /pool first/ });
      const pool = await lab.cluster.read(poolNamed('first'));
      const { assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 } = pool?.status ?? {};
      assert.equal([assignedIPv4, assignedIPv6, availableIPv4, availableIPv6], [1, 1, 9, 9]);
      const refused = await applyText(
        lab,
        JSON.stringify(poolManifest('wrong', ['192.0.2.300/24', 'a-b'])),
      ).catch(String);
      for (const wrong of ['192.0.2.300/24', 'a-b']) assert.match(refused, wrong);
    },
    { isLong: true },
  ),

  inLab('status-of-an-announcer', async (lab, [ip = '']) => {
    const node = await steadyNodeOf(lab, ip);
    const kubectl = (...args: string[]) => lab.kubernetes.plane.kubectl(args);
    const found = await kubectl(
      ...['get', 'servicel2statuses', '--namespace=load-balancer', '--output'],
      'jsonpath={range .items[*]}{.status.ip} {.status.node} {.status.serviceName}{"\\n"}{end}',
      '--selector=metallb.io/service-name=web,metallb.io/service-namespace=default',
    );
    assert.match(found, `${ip} ${node} web\n`);
  }),

  inLab('a-default-class-beside-pools-has-one-owner', async (lab, [ip = '']) => {
    const { apiVersion, kind, spec } = (await lab.cluster.list('MetalLoadBalancerClass'))[0] ?? {};
    assert.ok(apiVersion && kind && spec);
    const addressPool = ['192.0.2.140-192.0.2.149'];
    const metadata = { name: 'by-default' };
    await lab.cluster.apply({
      ...{ apiVersion, kind, metadata },
      spec: { ...spec, addressPool, isDefault: true },
    });
    await lab.cluster.apply(plainService('later'));
    assert.equal(await assignedIps(lab, 'later', 1), ['192.0.2.140']);
    await tells(lab, serviceNamed('later'), BOUND, { status: 'True' });
    const later = await lab.cluster.read(serviceNamed('later'));
    assert.not.match(JSON.stringify(later?.status), SERVES);
    // What has an IP of a pool keeps it, and the pool with it.
    await tells(lab, serviceNamed('web'), SERVES, { status: 'True' });
    await tells(lab, serviceNamed('web'), BOUND, { status: 'False', reason: 'WouldLoseIPs' });
    assert.is((await assignedIps(lab, 'web', 1))[0], ip);
    await answererOf(lab, ip);
  }),

  inLab('a-pool-that-shrinks-keeps-what-it-gave', async (lab, [ip = '']) => {
    const mac = await answererOf(lab, ip);
    await lab.cluster.apply(poolManifest('first', [NARROWER, RANGE6]));
    const name = serviceNamed('web');
    await tells(lab, name, IN_POOL, { status: 'False', message: new RegExp(ip) });
    assert.equal(await assignedIps(lab, 'web', 1), [ip]);
    assert.is(await answererOf(lab, ip), mac);
    await lab.cluster.apply(plainService('next'));
    assert.equal(await assignedIps(lab, 'next', 1), ['192.0.2.105']);
  }),

  inLab('a-node-that-dies', (lab, ips) => strike(lab, ips, NODE_LOSS), {
    ...{ timed: true, isLong: true },
  }),

  inLab(
    'a-drained-node-loses-nothing',
    async (lab, ips) => {
      const [ip = ''] = ips;
      const node = await steadyNodeOf(lab, ip);
      const probe = await lab.probe(ips, 'client', { httpPort: 80, intervalMs: 20 });
      await probe.flowing();
      await probe.reset();
      await lab.cluster.change({ kind: 'Node', name: node }, { annotations: { [DRAIN]: 'true' } });
      await movedFrom(lab, ip, node);
      await delay(500);
      for (const { lost, cut } of await probe.report()) assert.is(lost - cut, 0);
      await lab.cluster.change({ kind: 'Node', name: node }, { annotations: { [DRAIN]: null } });
      await answeredBy(lab, ip, node, 15_000);
    },
    { timed: true, isLong: true },
  ),

  inLab(
    'a-speaker-that-restarts-while-the-api-is-away',
    async (lab, ips) => {
      const nodes = new Map<string, string>();
      for (const ip of ips) nodes.set(ip, await steadyNodeOf(lab, ip));
      await lab.cluster.cutOff();
      for (const node of lab.nodes) killPart(lab, node, 'speaker.mjs');
      await delay(AWAY_MS);
      for (const [ip, node] of nodes) await answeredBy(lab, ip, node);
      await lab.cluster.reconnect();
      for (const node of lab.nodes) await ready(lab, node);
      for (const [ip, node] of nodes) await answeredBy(lab, ip, node);
    },
    { isLong: true },
  ),
];

/** With a pool that is advertised, and a Service of each family on it, whose pods run everywhere. */
function inLab(
  name: string,
  play: (lab: Lab, ips: readonly string[]) => Promise<unknown>,
  options: { readonly timed?: boolean; readonly isLong?: boolean } = {},
): Scenario {
  return scenario(
    `metallb/${name}`,
    { lab: BESIDE_METALLB, stores: ['kubernetes'], deadlineMs: 150_000, ...options },
    async (lab) => {
      await haveNamespace(lab);
      await runBackends(lab, 'web');
      await lab.cluster.apply(
        poolManifest('first', [RANGE, RANGE6]),
        advertisementManifest('first', { ipAddressPools: ['first'], interfaces: ['eth0'] }),
        plainService('web'),
        plainService('web6', { ipFamilies: ['IPv6'] }),
      );
      const ips = [...(await assignedIps(lab, 'web', 1)), ...(await assignedIps(lab, 'web6', 1))];
      for (const ip of ips) await answererOf(lab, ip);
      await play(lab, ips);
      await withoutMetallbObjects(lab);
      return undefined;
    },
  );
}

function poolNamed(name: string) {
  return { kind: 'IPAddressPool', namespace: METALLB_NAMESPACE, name };
}

/** Its IP moves, and is dark for as long as one of a class; who answers another one goes on. */
async function strike(lab: Lab, [ip = '', other = '']: readonly string[], fault: Fault) {
  const node = await steadyNodeOf(lab, ip);
  const otherStays = (await steadyNodeOf(lab, other)) !== node;
  const probe = await lab.probe([ip, other], 'client', { httpPort: 80, intervalMs: 10 });
  await probe.flowing();
  await probe.reset();
  await fault.strike(lab, node);
  await movedFrom(lab, ip, node);
  await probe.flowing();
  // Requests under way when the node died are lost only when their time is over.
  await delay(SETTLED_MS);
  const reports = await probe.report();
  await fault.repair(lab, node);
  const darkOf = (one: string) => reports.find((report) => report.ip === one)?.darkMs ?? 0;
  assert.ok(darkOf(ip) > 0 && darkOf(ip) < DARK_AT_MOST_MS, `${ip} dark for ${darkOf(ip)} ms`);
  if (otherStays) assert.ok(darkOf(other) < DARK_AT_MOST_MS);
}

async function movedFrom(lab: Lab, ip: string, node: string): Promise<void> {
  const others = lab.nodes.filter((one) => one !== node).map((one) => lab.macOf(one));
  let mac = '';
  while (!others.includes(mac)) mac = await answererOf(lab, ip);
}
