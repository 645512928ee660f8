import { run, until } from './exec.ts';
import type { Lab } from './lab.ts';

/** What a program answered over HTTP. */
export interface Page {
  readonly status: number;
  readonly body: string;
}

/** GET from inside a namespace; programs serve metrics and health on its loopback only. @throws when nobody listens */
export async function fetchPage(namespace: string, url: string): Promise<Page> {
  const curl = ['curl', '-s', '-m', '2', '-w', '\n%{http_code}', url];
  const output = await run(['ip', 'netns', 'exec', namespace, ...curl]);
  const end = output.lastIndexOf('\n');
  return { status: Number(output.slice(end + 1)), body: output.slice(0, end) };
}

/** Waits until the node program says that it is ready. */
export async function nodeReady(lab: Lab, node: string): Promise<void> {
  await until({ what: `${node} ready`, deadlineMs: 10_000, everyMs: 50 }, async () => {
    const url = 'http://127.0.0.1:7476/readyz';
    const page = await fetchPage(lab.namespace(node), url).catch(() => undefined);
    return page?.status === 200;
  });
}
