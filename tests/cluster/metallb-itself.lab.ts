import * as assert from 'uvu/assert';
import { assignedIps } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { Metallb } from '../../lab/kubernetes/metallb.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import {
  ASIDE,
  answererOf,
  applyText,
  firstManifest,
  withoutMetallbObjects,
} from './metallb-lab.ts';

/** What others are compared with is what users have: MetalLB, of its own manifest and source. */
export const scenarios: readonly Scenario[] = [
  scenario(
    'metallb/itself-serves-in-the-lab',
    { lab: ASIDE, stores: ['kubernetes'], isLong: true, deadlineMs: 120_000 },
    async (lab) => {
      const metallb = new Metallb(lab);
      await metallb.install();
      try {
        await applyText(lab, firstManifest('web'));
        await runBackends(lab, 'web');
        assert.equal(await assignedIps(lab, 'web', 1), ['192.0.2.200']);
        const mac = await answererOf(lab, '192.0.2.200');
        assert.match(await pageOf(lab, '192.0.2.200'), /^pod\d /);
        await metallb.stop();
        assert.equal(await lab.prober.macsOf('192.0.2.200'), []);
        await metallb.start();
        assert.is(await answererOf(lab, '192.0.2.200'), mac, 'the same node again');
        await withoutMetallbObjects(lab);
      } finally {
        await metallb.remove();
      }
      return undefined;
    },
  ),
];
