import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { answeredByNobody, assignedIps } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import type { Lab } from '../../lab/lab.ts';
import { neighbourMac } from '../../lab/neighbours.ts';
import { ipv4On } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { serviceNamed } from '../../lab/workload.ts';
import {
  answererOf,
  applyExample,
  BESIDE_METALLB,
  clientsReach,
  haveNamespace,
  poolTells,
  withoutMetallbObjects,
} from './metallb-lab.ts';

/** What all Services of an example get, and a client with it. */
interface Example {
  readonly file: string;
  readonly app?: string;
  readonly port?: number;
  /** By Service, in the order of the manifest. */
  readonly ips: Readonly<Record<string, readonly string[]>>;
  readonly check?: (lab: Lab) => Promise<void>;
}

const HOSTNAME = 'kubernetes.io/hostname';
const CLIENT = ipv4On('public', 101);

const EXAMPLES: readonly Example[] = [
  {
    ...{ file: 'metallb-l2.yaml', app: 'metallb-cluster', port: 18_081 },
    ips: { 'metallb1-cluster': ['192.168.9.1'] },
    check: async (lab) => {
      assert.is(await answererOf(lab, '192.168.9.1'), lab.macOf('n1'));
      assert.equal(await nodePortsOf(lab, 'metallb1-cluster'), []);
    },
  },
  {
    file: 'metallb-pools.yaml',
    ips: { web: ['192.168.20.1'] },
    check: async (lab) => {
      assert.equal(await assignedIps(lab, 'mail', 1), ['192.168.21.0']);
      await answererOf(lab, '192.168.21.0');
      assert.match(await pageOf(lab, '192.168.21.0', 25), /^pod\d /);
    },
  },
  {
    file: 'metallb-advertisements.yaml',
    ips: { shop: ['192.168.22.16'], printers: ['192.168.22.0'] },
    check: async (lab) => {
      assert.equal(await assignedIps(lab, 'unheard', 1), ['192.168.22.32']);
      await answeredByNobody(lab, '192.168.22.32');
      await poolTells(lab, 'spare', 'Advertised', { status: 'False', reason: 'NoAdvertisement' });
      await poolTells(lab, 'shop', 'Advertised', { status: 'True' });
    },
  },
  {
    file: 'metallb-requested-ips.yaml',
    ips: {
      'by-field': ['192.168.23.80'],
      'by-annotation': ['192.168.23.81'],
      'by-old-annotation': ['192.168.23.82', 'fc00:f853:ccd:e723::82'],
    },
    check: async (lab) => assert.equal(await nodePortsOf(lab, 'by-field'), []),
  },
  {
    file: 'metallb-traffic-policy.yaml',
    ips: { 'sees-clients': ['192.168.25.0'], 'any-pod': ['192.168.25.1'] },
    check: async (lab) => {
      const mac = await answererOf(lab, '192.168.25.0');
      const node = lab.nodes.find((one) => lab.macOf(one) === mac) ?? '';
      assert.is(await pageOf(lab, '192.168.25.0'), `pod${node.slice(1)} ${CLIENT}`);
    },
  },
  {
    file: 'metallb-shared-ip.yaml',
    ips: { 'names-page': ['192.168.26.53'] },
    check: async (lab) => {
      for (const name of ['names-udp', 'names-tcp']) {
        assert.equal(await assignedIps(lab, name, 1), ['192.168.26.53']);
      }
    },
  },
  {
    file: 'metallb-dual-stack.yaml',
    ips: { requires: ['192.168.27.8', 'fc00:f853:ccd:e727::8'], prefers: ['192.168.27.9'] },
  },
];

export const scenarios: readonly Scenario[] = EXAMPLES.map((example) =>
  scenario(
    `metallb/examples/${example.file}`,
    { lab: BESIDE_METALLB, stores: ['kubernetes'], deadlineMs: 150_000 },
    async (lab) => {
      await haveNamespace(lab);
      await clientsReach(lab, '192.168.0.0/16', 'fc00:f853:ccd::/48');
      await lab.cluster.change({ kind: 'Node', name: 'n1' }, kindControlPlane);
      await runBackends(lab, example.app ?? 'web');
      await applyExample(lab, example.file);
      await serves(lab, example);
      await example.check?.(lab);
      await withoutMetallbObjects(lab);
      return undefined;
    },
  ),
);

/** As in a cluster of kind. */
const kindControlPlane = { labels: { [HOSTNAME]: 'kind-control-plane' } };

/** Every IP has one answer, which the client's kernel believes, and its page. */
async function serves(lab: Lab, { ips, port }: Example): Promise<void> {
  for (const [service, wanted] of Object.entries(ips)) {
    assert.equal(await assignedIps(lab, service, wanted.length), wanted, service);
    for (const ip of wanted) {
      // Of Services that share an IP the later ones are answered for before kube-proxy serves them, and a node that holds
      // down when the lab is new takes its IP afterwards.
      await until({ what: `the page of ${service} at ${ip}`, deadlineMs: 45_000 }, async () => {
        const page = await pageOf(lab, ip, port).catch(() => '');
        const known = await neighbourMac(lab.namespace('client'), ip);
        return /^pod\d /.test(page) && known === (await answererOf(lab, ip));
      });
    }
  }
}

async function nodePortsOf(lab: Lab, name: string): Promise<unknown[]> {
  const service = await lab.cluster.read(serviceNamed(name));
  const ports = (service?.spec?.['ports'] ?? []) as { nodePort?: number }[];
  assert.ok(ports.length > 0);
  return ports.flatMap(({ nodePort }) => nodePort ?? []);
}
