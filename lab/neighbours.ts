import { run } from './exec.ts';

/** The MAC a host's kernel believes to be at `ip`; undefined when it knows none. */
export async function neighbourMac(namespace: string, ip: string): Promise<string | undefined> {
  const listed: unknown = JSON.parse(
    (await run(['ip', '-n', namespace, '-j', 'neigh', 'show', ip])) || '[]',
  );
  if (!Array.isArray(listed)) return undefined;
  const entry: { lladdr?: string } | undefined = listed[0];
  return entry?.lladdr;
}

/** Makes the host believe that `ip` is at this MAC, until it is told otherwise. */
export async function believe(namespace: string, ip: string, mac: string): Promise<void> {
  const entry = [ip, 'lladdr', mac, 'dev', 'eth0', 'nud', 'reachable'];
  await run(['ip', '-n', namespace, 'neigh', 'replace', ...entry]);
}

/** The same of many IPs at once. */
export async function believeAll(
  namespace: string,
  all: readonly { readonly ip: string; readonly mac: string }[],
): Promise<void> {
  const entries = all.map(
    ({ ip, mac }) => `neigh replace ${ip} lladdr ${mac} dev eth0 nud reachable`,
  );
  await run(['ip', '-n', namespace, '-batch', '-'], `${entries.join('\n')}\n`);
}

/** IPs that the host's kernel believes to be at a MAC. */
export async function ipsBelievedAt(namespace: string, mac: string): Promise<Set<string>> {
  const listed: { dst: string; lladdr?: string }[] = JSON.parse(
    await run(['ip', '-n', namespace, '-j', 'neigh', 'show', 'dev', 'eth0']),
  );
  return new Set(listed.filter(({ lladdr }) => lladdr === mac).map(({ dst }) => dst));
}

/** Makes the host forget all it has learnt, so that its next packet must ask first. */
export async function flushNeighbours(namespace: string): Promise<void> {
  await run(['ip', '-n', namespace, 'neigh', 'flush', 'all']);
}

/** Sends one packet to every IP, whether or not anything answers, so that the kernel asks for its MAC. */
export async function touch(namespace: string, ips: readonly string[]): Promise<void> {
  const pings = ips.map((ip) => `ping -c 1 -W 1 -q ${ip} >/dev/null 2>&1 &`).join(' ');
  await run(['ip', 'netns', 'exec', namespace, 'sh', '-c', `${pings} wait; true`]);
}
