import * as assert from 'node:assert/strict';
import type { ClusterObject } from './cluster.ts';
import { ingressIps } from './dataplane-sync.ts';
import { until } from './exec.ts';
import type { FigureGroup, Samples } from './figure.ts';
import { METALLB_NAMESPACE, Metallb } from './kubernetes/metallb.ts';
import type { Lab } from './lab.ts';
import { endpointSliceManifest, serviceNamed } from './workload.ts';

/** Who serves which Services, on one cluster: by its class, or what has none. */
interface Contestant {
  readonly name: string;
  readonly namespace: string;
  readonly loadBalancerClass: string | undefined;
  readonly ipOf: (index: number) => string;
}

const RELEASE = 'load-balancer';
const CLASS = 'example.com/module';
const MODULE: Contestant = {
  name: 'this module',
  namespace: RELEASE,
  loadBalancerClass: CLASS,
  ipOf: (index) => `192.0.2.${200 + index}`,
};
const METALLB: Contestant = {
  name: 'MetalLB 0.15.2',
  namespace: METALLB_NAMESPACE,
  loadBalancerClass: undefined,
  ipOf: (index) => `192.0.2.${150 + index}`,
};
/** Of either pool. */
const ADDRESSES = 40;
/** As often as anybody looks, for both alike. */
const LOOK_EVERY_MS = 5;

/**
 * A Service through the API, to its EXTERNAL-IP and to the first answer on the wire: MetalLB and this module on one cluster at
 * once, in turns, so that whatever slows one slows the other. Neither looks at kube-proxy.
 */
export function metallbFigures(trials: number): FigureGroup {
  const name = 'metallb-created-to-answered';
  return {
    lab: {
      store: 'kubernetes',
      release: {
        metallb: {
          holdDownMs: 1_000,
          loadBalancerClass: CLASS,
          metallbNamespaces: [],
          kubeProxy: { waitMs: 0 },
        },
      },
      releaseNamespace: RELEASE,
    },
    prepare: prepareBoth,
    figures: [{ name, unit: 'ms', trials, trial: inTurns }],
    ratios: ['EXTERNAL-IP', 'answered'].map((what) => [
      labelOf(MODULE, what),
      labelOf(METALLB, what),
    ]),
  };
}

async function prepareBoth(lab: Lab): Promise<void> {
  // MetalLB's webhook lets nobody have a pool elsewhere than in its own namespace.
  await lab.cluster.apply(...poolOf(MODULE));
  await new Metallb(lab).install();
  await lab.cluster.apply(...poolOf(METALLB));
}

function poolOf({ namespace, ipOf }: Contestant): ClusterObject[] {
  const own = { apiVersion: 'metallb.io/v1beta1', metadata: { name: 'figures', namespace } };
  const addresses = [`${ipOf(0)}-${ipOf(ADDRESSES - 1)}`];
  return [
    { ...own, kind: 'IPAddressPool', spec: { addresses } },
    { ...own, kind: 'L2Advertisement', spec: { interfaces: ['eth0'] } },
  ];
}

async function inTurns(lab: Lab, _node: string, index: number): Promise<Samples> {
  const pair = index % 2 === 0 ? [MODULE, METALLB] : [METALLB, MODULE];
  const samples: Record<string, readonly number[]> = {};
  for (const one of pair) Object.assign(samples, await createdToAnswered(lab, one, index));
  return samples;
}

async function createdToAnswered(lab: Lab, who: Contestant, index: number): Promise<Samples> {
  const name = `fresh-${who.namespace}-${index}`;
  const ip = who.ipOf(index % ADDRESSES);
  assert.deepEqual(await lab.prober.macsOf(ip), [], `${ip} is answered before`);
  // Its pods are there before, so that nobody waits for the controller of EndpointSlices.
  const backend = [{ pod: 'backend', node: 'worker' }];
  await lab.cluster.apply(endpointSliceManifest({ name, family: 'IPv4' }, backend));
  const watch = await lab.prober.watch([ip], LOOK_EVERY_MS);
  const createdAtMs = watch.nowMs();
  const told = timeToExternalIp(lab, name, ip);
  await lab.cluster.apply(serviceOf(name, ip, who));
  const waiting = { what: `answer for ${ip}`, deadlineMs: 10_000, everyMs: 50 };
  const firstAtMs = await until(waiting, async () => (await watch.answers())[0]?.atMs);
  await watch.stop();
  const samples = {
    [labelOf(who, 'EXTERNAL-IP')]: [await told],
    [labelOf(who, 'answered')]: [firstAtMs - createdAtMs],
  };
  await lab.cluster.delete(serviceNamed(name));
  return samples;
}

function labelOf({ name }: Contestant, what: string): string {
  return `created to ${what}, ${name}`;
}

function serviceOf(name: string, ip: string, { loadBalancerClass }: Contestant): ClusterObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Service' },
    metadata: { name, namespace: 'default', annotations: { 'metallb.io/loadBalancerIPs': ip } },
    spec: {
      type: 'LoadBalancer',
      ...(loadBalancerClass && { loadBalancerClass }),
      ports: [{ port: 80 }],
    },
  };
}

/** From now until a reader of the Service sees its IP. */
async function timeToExternalIp(lab: Lab, name: string, ip: string): Promise<number> {
  const startedAt = performance.now();
  const waiting = { what: 'EXTERNAL-IP', deadlineMs: 10_000, everyMs: LOOK_EVERY_MS };
  return until(waiting, async () => {
    const ips = ingressIps(await lab.cluster.read(serviceNamed(name)));
    return ips.includes(ip) && performance.now() - startedAt;
  });
}
