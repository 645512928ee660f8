import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { auditFolder, refusalsOf } from '../../lab/kubernetes/audit.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { type Checks, followPage } from './reader.ts';
import { COOL_DOWN_MS, releaseLab } from './release-lab.ts';

export interface JourneyOptions {
  /** Applications that run behind every node, by the label `app` of their Pods. */
  readonly apps: readonly string[];
  /** No class is there but the page's own, so that its last one can go: speakers start and end with it. */
  readonly ownClassesOnly?: boolean;
  /** As helm is told, beside what every journey tells it. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Takes the programs' rights away while they end. */
  readonly uninstalls?: boolean;
  readonly deadlineMs?: number;
  /** Measures what a busy machine would falsify: it has the machine to itself while the page is followed. */
  readonly timed?: boolean;
  /** Takes so long that a short run leaves it out. */
  readonly isLong?: boolean;
}

/** A journey takes ten seconds on a machine that does nothing else. */
const DEADLINE_MS = 120_000;
/** Of the programs. */
const ACCOUNTS = ['controller', 'speaker'];
const CLASS_KIND = 'MetalLoadBalancerClass';
/** Its pool is IPv6: it is in nobody's way, and keeps speakers on the nodes from one journey to the next. */
const STANDING_CLASSES: readonly string[] = ['ingress6'];

/**
 * The scenario `journeys/NAME`: docs/journeys/NAME.md, from its first command to its last, on the module as helm installs it
 * and in a cluster without Services and classes that a reader would not have.
 * @param checks what no command of the page shows, by the heading of the section after which it is so
 */
export function journey(
  name: string,
  { apps, ownClassesOnly, uninstalls = false, timed = false, values, ...options }: JourneyOptions,
  checks: (lab: Lab) => Checks = () => ({}),
): Scenario {
  return scenario(
    `journeys/${name}`,
    {
      ...{ lab: releaseLab(values), stores: ['kubernetes'], deadlineMs: DEADLINE_MS, ...options },
      timed: timed && 'in-part',
    },
    async (lab, alone) => {
      await empty(lab, ownClassesOnly ? [] : STANDING_CLASSES);
      // Every journey finds all IPs of its pool free.
      await delay(COOL_DOWN_MS);
      for (const app of apps) await runBackends(lab, app);
      const faults = faultsFromNowOn(lab);
      const follow = () => followPage(lab, `journeys/${name}`, checks(lab));
      await (timed ? alone(follow) : follow());
      if (!uninstalls) assert.equal(faults(), []);
      await empty(lab);
      return undefined;
    },
  );
}

/** What a reader would not see: requests that were refused, and containers that a liveness probe condemned. */
function faultsFromNowOn(lab: Lab): () => string[] {
  const kinds = () => [
    lab.kubernetes.installation?.kubelets.condemned ?? [],
    ...ACCOUNTS.map((account) => refusalsOf(auditFolder(lab), RELEASE_NAMESPACE, account)),
  ];
  const before = kinds().map(({ length }) => length);
  return () => kinds().flatMap((faults, index) => faults.slice(before[index]));
}

async function empty(lab: Lab, keptClasses = STANDING_CLASSES): Promise<void> {
  await deleteServices(lab);
  for (const { metadata } of await lab.cluster.list(CLASS_KIND)) {
    if (!keptClasses.includes(metadata.name)) {
      await lab.cluster.delete({ kind: CLASS_KIND, name: metadata.name });
    }
  }
}
