import { join } from 'node:path';
import { type CapturedClaim, startCapture } from '../../lab/capture.ts';
import type { ClusterObject } from '../../lab/cluster.ts';
import { ingressIps } from '../../lab/dataplane-sync.ts';
import { delay, run, until } from '../../lab/exec.ts';
import { announcementOf } from '../../lab/frames.ts';
import type { Assignment } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { macOn } from '../../lab/plan.ts';
import { CHILD_KIND, CONDITION } from '../../modules/metallb/src/api/names.ts';

/** A host that is none of ours. */
const STRANGER = 'client2';
export const STRANGER_MAC = macOn('public', 102);
const CLAIM_EVERY_MS = 200;

/** It announces them again and again, whatever we do. @returns all that was claimed about the IPs meanwhile */
export async function quarrelAbout(
  lab: Lab,
  all: readonly Assignment[],
  quarrelMs: number,
): Promise<CapturedClaim[]> {
  const stranger = await lab.proberOn(STRANGER);
  const file = join(lab.directory, 'quarrel.pcap');
  const at = { namespace: lab.namespace('router'), interfaceName: 'eth0', file };
  const capture = await startCapture(at);
  const frames = all.map(({ ip }) => announcementOf(ip, STRANGER_MAC));
  const rounds = quarrelMs / CLAIM_EVERY_MS;
  for (let round = 0; round < rounds; round += 1) {
    await stranger.send(...frames);
    await delay(CLAIM_EVERY_MS);
  }
  return capture.stop();
}

/** Told to everybody; `gratuitous` alone would take an answer to a duplicate-address probe for one. */
export function isAnnouncement(claim: CapturedClaim): boolean {
  return claim.gratuitous && /^(?:ff|33:33)/.test(claim.destinationMac) && claim.ip !== '0.0.0.0';
}

/** Its kernel has the IPs, and tells nobody. */
export async function strangerHolds(
  lab: Lab,
  verb: 'add' | 'del',
  ips: readonly string[],
): Promise<void> {
  const address = ['ip', '-n', lab.namespace(STRANGER), 'address', verb];
  for (const ip of ips) {
    const nodad = verb === 'add' && ip.includes(':') ? ['nodad'] : [];
    await run([...address, ip, 'dev', 'eth0', ...nodad]);
  }
}

interface ConflictWish {
  readonly deadlineMs?: number;
  readonly status: 'True' | 'False';
  readonly message?: RegExp;
}

export async function tellsConflict(lab: Lab, ip: string, wish: ConflictWish): Promise<void> {
  let child: ClusterObject | undefined;
  const what = () =>
    `${CONDITION.addressConflict} ${wish.status}: ${JSON.stringify(child?.status)}`;
  await until({ what, deadlineMs: wish.deadlineMs ?? 5_000 }, async () => {
    child = (await lab.cluster.list(CHILD_KIND)).find((one) => ingressIps(one).includes(ip));
    const conditions = (child?.status?.['conditions'] ?? []) as Record<string, string>[];
    const found = conditions.find((one) => one['type'] === CONDITION.addressConflict);
    const told = found?.['message'] ?? '';
    return found?.['status'] === wish.status && (wish.message?.test(told) ?? true);
  });
}
