import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './exec.ts';
import type { Lab } from './lab.ts';

/** What ndppd answers for: in the pool's subnet, in no pool. */
export const NDPPD_IP = '2001:db8:2::f0';
const HOST = 'client2';

/**
 * Starts another project's NDP responder, written in C++ and part of Debian, on a host of the lab, to be measured beside
 * our own. (Its ARP counterpart farpd sends each reply 500 ms late, when its capture's buffer times out.)
 * @returns how to stop it
 */
export async function startNdppd(lab: Lab): Promise<() => void> {
  const file = join(lab.directory, 'ndppd.conf');
  await writeFile(file, `proxy eth0 {\n rule ${NDPPD_IP}/128 {\n static\n }\n}\n`);
  const command = ['netns', 'exec', lab.namespace(HOST), 'ndppd', '-c', file];
  const program = spawn('ip', command, { stdio: 'ignore' });
  await once(program, 'spawn');
  await until({ what: `ndppd to answer for ${NDPPD_IP}`, deadlineMs: 3_000 }, async () => {
    if (program.exitCode !== null) throw new Error(`ndppd ended with ${program.exitCode}`);
    return (await lab.prober.macsOf(NDPPD_IP)).length > 0;
  }).catch((error: unknown) => {
    program.kill();
    throw error;
  });
  return () => void program.kill();
}
