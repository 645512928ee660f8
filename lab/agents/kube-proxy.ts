import { createServer, type Server } from 'node:http';
import { serve } from './serve.ts';

/**
 * What tells a node when its kube-proxy wrote its rules, as kube-proxy 1.36 does. Rules themselves are the stand-in's,
 * which is elsewhere.
 */
const PORT = 10_249;

type Wish =
  | { readonly do: 'tell'; readonly syncedEpochMs: number; readonly queuedEpochMs: number }
  | { readonly do: 'be-silent' };

let page = '';
let server: Server | undefined;

function tell(syncedEpochMs: number, queuedEpochMs: number): Promise<void> {
  const line = (name: string, family: string, epochMs: number) =>
    epochMs === 0
      ? ''
      : `kubeproxy_sync_proxy_rules_${name}_timestamp_seconds{ip_family="${family}"} ${epochMs / 1_000}\n`;
  page = ['IPv4', 'IPv6']
    .flatMap((family) => [
      line('last', family, syncedEpochMs),
      line('last_queued', family, queuedEpochMs),
    ])
    .join('');
  if (server !== undefined) return Promise.resolve();
  const starting = createServer((_, response) => response.end(page));
  server = starting;
  return new Promise((resolve) => starting.listen(PORT, '127.0.0.1', resolve));
}

function beSilent(): Promise<void> {
  const stopping = server;
  server = undefined;
  stopping?.closeAllConnections();
  return new Promise((resolve) => {
    if (stopping === undefined) resolve();
    else stopping.close(() => resolve());
  });
}

serve((request) => {
  const wish = request as Wish;
  return wish.do === 'tell' ? tell(wish.syncedEpochMs, wish.queuedEpochMs) : beSilent();
});
