import { tryRun } from './exec.ts';
import type { Lab } from './lab.ts';
import { bundle } from './node-programs.ts';

const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups'];

/** What `mlb doctor` says is wrong on a node, which a user without any right asks it. */
export async function doctorFinds(lab: Lab, node: string): Promise<string[]> {
  const asUser = ['ip', 'netns', 'exec', lab.namespace(node), 'setpriv', ...NOBODY];
  const doctor = [process.execPath, bundle('mlb.mjs'), 'doctor', '-o', 'json'];
  const { stdout, stderr, code } = await tryRun([
    ...asUser,
    ...doctor,
    '--kube-proxy-metrics-url=',
  ]);
  if (stdout === '') throw new Error(`mlb doctor: ${stderr}`);
  const { checks }: { checks: { verdict: string; name: string; message: string }[] } =
    JSON.parse(stdout);
  const found = checks.filter(({ verdict }) => verdict === 'wrong');
  if ((code === 0) !== (found.length === 0)) throw new Error(`mlb doctor ends with ${code}`);
  return found.map(({ name, message }) => `${name}: ${message}`);
}
