import { run, until } from './exec.ts';
import { type Assignment, assignedIps, assignments, ready } from './health.ts';
import type { Lab } from './lab.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from './workload.ts';

/** Pools for scenarios with hundreds of IPs, beside those of the standard classes. */
const CROWD_POOL = {
  IPv4: { subnet: '198.18.0.0/20', range: '198.18.0.1-198.18.15.254' },
  IPv6: { subnet: '2001:db8:18::/64', range: '2001:db8:18::1-2001:db8:18::ffff' },
} as const;
const MOST_OF_A_SERVICE = 1_000;
const ASKED_AT_ONCE = 50;
/** A node asks for 500 / 3 fresh IPs in a second, and these processors write a few hundred files in one, or 150 objects. */
const DEADLINE_MS = { manifests: 30_000, kubernetes: 120_000 };

export type CrowdFamily = keyof typeof CROWD_POOL;

/** Services with `count` IPs of a family in all, which clients can reach. @returns them once everybody knows who answers */
export async function crowd(
  lab: Lab,
  family: CrowdFamily,
  count: number,
  deadlineMs = DEADLINE_MS[lab.options.store],
): Promise<Assignment[]> {
  const className = `crowd-${family.toLowerCase()}`;
  const { subnet, range } = CROWD_POOL[family];
  for (const node of lab.nodes) await ready(lab, node);
  for (const host of ['client', 'client2', 'router']) {
    await run(['ip', '-n', lab.namespace(host), 'route', 'replace', subnet, 'dev', 'eth0']);
  }
  await lab.cluster.apply(classManifest({ name: className, addressPool: [range] }));
  const services = countsOf(count).map((own, index) => ({ name: `${className}-${index}`, own }));
  for (const { name, own } of services) {
    await lab.cluster.apply(
      serviceManifest({ name, className, family, count: own }),
      endpointSliceManifest({ name, family }, [{ pod: 'backend', node: 'worker' }]),
    );
  }
  for (const { name, own } of services) await assignedIps(lab, name, own, deadlineMs);
  const names = new Set(services.map(({ name }) => name));
  const all = (await assignments(lab)).filter(({ service }) => names.has(service));
  await allAnswered(lab, all, (one) => one.preferredNode, deadlineMs);
  await toldInStatus(lab, names, deadlineMs);
  return all;
}

/** Shares of the IPs, each of which a Service can ask for. */
function countsOf(count: number): number[] {
  const services = Math.ceil(count / MOST_OF_A_SERVICE);
  return Array.from({ length: services }, (_, index) =>
    Math.min(MOST_OF_A_SERVICE, count - index * MOST_OF_A_SERVICE),
  );
}

async function toldInStatus(
  lab: Lab,
  services: ReadonlySet<string>,
  deadlineMs: number,
): Promise<void> {
  let untold = 0;
  const what = () => `announcers in status, ${untold} missing`;
  await until({ what, deadlineMs, everyMs: 200 }, async () => {
    const all = await assignments(lab);
    untold = all.filter((one) => services.has(one.service) && one.announcer === undefined).length;
    return untold === 0;
  });
}

/** Waits until each IP is answered by the node that `by` says, and by no other. */
export async function allAnswered(
  lab: Lab,
  all: readonly Assignment[],
  by: (one: Assignment) => string,
  deadlineMs = 10_000,
): Promise<void> {
  let waiting = all.map((one) => ({ one, macs: [] as readonly string[] }));
  const what = () => {
    const { one, macs = [] } = waiting[0] ?? {};
    return `all ${all.length} IPs answered, ${waiting.length} are not: ${one?.ip} by ${macs.join(' and ') || 'nobody'}`;
  };
  await until({ what, deadlineMs }, async () => {
    const asked = waiting.map(({ one }) => one);
    waiting = await notAnswered(lab, asked, by);
    return waiting.length === 0;
  });
}

async function notAnswered(
  lab: Lab,
  all: readonly Assignment[],
  by: (one: Assignment) => string,
): Promise<{ one: Assignment; macs: readonly string[] }[]> {
  const open: { one: Assignment; macs: readonly string[] }[] = [];
  for (let at = 0; at < all.length; at += ASKED_AT_ONCE) {
    const some = all.slice(at, at + ASKED_AT_ONCE);
    const answers = await Promise.all(some.map(({ ip }) => lab.prober.macsOf(ip)));
    const seen = some.map((one, index) => ({ one, macs: answers[index] ?? [] }));
    open.push(...seen.filter(({ one, macs }) => `${macs}` !== lab.macOf(by(one))));
  }
  return open;
}
