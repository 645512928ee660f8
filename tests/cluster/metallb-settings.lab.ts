import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { answeredByNobody, assignedIps } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import type { Lab, LabOptions } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import {
  answererOf,
  applyExample,
  applyText,
  clientsReach,
  haveNamespace,
  plainService,
  tells,
  withoutMetallbObjects,
} from './metallb-lab.ts';

/** The value that MetalLB's users know as `--lb-class`. */
const OWN_CLASS: Partial<LabOptions> = {
  release: { metallb: { holdDownMs: 1_000, loadBalancerClass: 'example.com/metallb' } },
  releaseNamespace: 'load-balancer',
};
/** As a site has it whose configuration is still MetalLB 0.12's, in the namespace that it had then. */
const OLD_CONFIG: Partial<LabOptions> = {
  release: {
    metallb: {
      holdDownMs: 1_000,
      legacyConfigMap: 'metallb/config',
      metallbPoolPolicy: 'Reassign',
    },
  },
  releaseNamespace: 'metallb',
};
const LONG = { stores: ['kubernetes'], isLong: true, deadlineMs: 120_000 } as const;
const CONFIG_MAP = join(import.meta.dirname, '..', '..', 'examples', 'metallb-configmap.yaml');

/** Waits until the Service has this IP and no other. */
async function hasIp(lab: Lab, name: string, ip: string): Promise<void> {
  let found: unknown[] = [];
  const what = () => `Service ${name} with ${ip}, not ${found.join(' ')}`;
  await until({ what, deadlineMs: 15_000, everyMs: 100 }, async () => {
    const service = await lab.cluster.read({ kind: 'Service', namespace: 'default', name });
    const entries = listAt(service?.status, 'loadBalancer', 'ingress');
    found = entries.map((entry) => valueAt(entry, 'ip'));
    return found.length === 1 && found[0] === ip;
  });
}

/** What values of the chart say of MetalLB's API, on a real API server and on the wire. */
export const scenarios: readonly Scenario[] = [
  scenario(
    'metallb/examples/metallb-load-balancer-class.yaml',
    { ...LONG, lab: OWN_CLASS },
    async (lab) => {
      await haveNamespace(lab);
      await clientsReach(lab, '192.168.0.0/16');
      await runBackends(lab, 'web');
      await applyExample(lab, 'metallb-load-balancer-class.yaml');
      assert.equal(await assignedIps(lab, 'ours', 1), ['192.168.24.0']);
      await answererOf(lab, '192.168.24.0');
      assert.match(await pageOf(lab, '192.168.24.0'), /^pod\d /);
      const other = await lab.cluster.read({
        ...{ kind: 'Service', namespace: 'default', name: 'of-somebody-else' },
      });
      assert.equal(listAt(other?.status, 'conditions'), []);
      assert.equal(listAt(other?.status, 'loadBalancer', 'ingress'), []);
      await withoutMetallbObjects(lab);
      return undefined;
    },
  ),

  scenario('metallb/old-config-map-as-it-stands', { ...LONG, lab: OLD_CONFIG }, async (lab) => {
    const text = readFileSync(CONFIG_MAP, 'utf8');
    await clientsReach(lab, '192.168.0.0/16');
    await runBackends(lab, 'web');
    await applyText(lab, text);
    await lab.cluster.apply(plainService('web'));
    await hasIp(lab, 'web', '192.168.10.0');
    // What it says of BGP is without effect in this edition.
    const web = { kind: 'Service', namespace: 'default', name: 'web' } as const;
    const unheard = { status: 'False', reason: 'NoAdvertisement' };
    await tells(lab, web, 'network.deckhouse.io/ips-announceable', unheard);
    await answeredByNobody(lab, '192.168.10.0');

    const layer2 = text.replace('protocol: bgp', 'protocol: layer2');
    await applyText(lab, layer2);
    await answererOf(lab, '192.168.10.0');
    assert.match(await pageOf(lab, '192.168.10.0'), /^pod\d /);

    // MetalLB's behaviour by choice: who has an IP that a pool does not hold any more gets another.
    await applyText(lab, layer2.replace('192.168.10.0/24', '192.168.11.0/24'));
    await hasIp(lab, 'web', '192.168.11.0');
    await answererOf(lab, '192.168.11.0');
    await answeredByNobody(lab, '192.168.10.0');
    await deleteServices(lab);
    return undefined;
  }),
];
