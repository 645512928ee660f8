import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import { describeRight, requestsOf, rightsOf, uses } from '../../lab/kubernetes/audit.ts';
import { collectionPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices, freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { serviceManifest } from '../../lab/workload.ts';
import { RELEASE_LAB } from './release-lab.ts';

/** Bookmarks, status writes and renewals of a few seconds. */
const LOOK_MS = 3_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'rights/granted-is-what-is-used',
    { lab: RELEASE_LAB, stores: ['kubernetes'], deadlineMs: 120_000 },
    async (lab) => {
      await liveThroughEverything(lab);
      const directory = join(lab.directory, 'kubernetes');
      const faults: string[] = [];
      for (const account of ['controller', 'speaker']) {
        const requests = requestsOf(directory, RELEASE_NAMESPACE, account);
        const refused = requests.filter(({ code }) => code === 401 || code === 403);
        faults.push(
          ...refused.map(
            ({ verb, resource, name }) => `${account} may not ${verb} ${resource} ${name ?? ''}`,
          ),
        );
        const rights = await rightsOf(lab.kubernetes.api, RELEASE_NAMESPACE, account);
        assert.ok(rights.length > 0, `${account} has rights`);
        const idle = rights.filter((right) => !requests.some((request) => uses(request, right)));
        faults.push(...idle.map((right) => `${account} never used: ${describeRight(right)}`));
      }
      assert.equal([...new Set(faults)], []);
      return undefined;
    },
  ),
];

/** Everything that makes a program ask the API server for something. */
async function liveThroughEverything(lab: Lab): Promise<void> {
  await freshServices(lab);
  const [service] = STANDARD_SERVICES;
  await lab.cluster.apply(serviceManifest({ ...service, count: 1 })); // children are patched and deleted
  await assignedIps(lab, service.name, 1);
  await lab.cluster.apply(serviceManifest({ ...service, count: 2, port: 8080 }));
  await assignedIps(lab, service.name, 2);
  await delay(LOOK_MS);
  await deleteServices(lab);
  await until({ what: 'Events', deadlineMs: 10_000, everyMs: 200 }, async () => {
    const { items } = (await lab.kubernetes.api.get(collectionPath('Event'))) as {
      items: { source?: { component?: string }; reportingController?: string }[];
    };
    return items.length > 0;
  });
}
