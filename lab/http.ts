import { run } from './exec.ts';
import type { Lab } from './lab.ts';
import { POD_PORT } from './workload.ts';

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

/** What the client gets from a Service at its IP. @throws unless it is a page */
export async function pageOf(lab: Lab, ip: string, port = POD_PORT): Promise<string> {
  const url = `http://${ip.includes(':') ? `[${ip}]` : ip}:${port}/`;
  const { status, body } = await fetchPage(lab.namespace('client'), url);
  if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`);
  return body.trim();
}
