import type { Api } from './api.ts';

/** What an API server has been asked since it started, as its own metrics count it. */
export interface ApiTraffic {
  /** Of the kinds that the controller works with, as are writes. */
  readonly reads: number;
  readonly writes: number;
  /** Events created and counted up. */
  readonly events: number;
  /** To all watches of those kinds together. */
  readonly watchEvents: number;
  readonly watchBytes: number;
}

const KINDS =
  /(?:kind|resource)="(?:services?|nodes?|metalloadbalancerclass(?:es)?|sdninternall2lbservices?)"/i;
const WRITE = /verb="(?:POST|PATCH|PUT|DELETE)"/;
const READ = /verb="(?:GET|LIST)"/;
const EVENT = /resource="events"/;

export async function apiTraffic(api: Api): Promise<ApiTraffic> {
  const text = String(await api.get('/metrics'));
  const sum = (name: string, ...labels: readonly RegExp[]) =>
    [...text.matchAll(new RegExp(`^${name}\\{([^}]*)\\} (\\S+)`, 'gm'))]
      .filter(([, found = '']) => labels.every((label) => label.test(found)))
      .reduce((total, [, , value]) => total + Number(value), 0);
  return {
    reads: sum('apiserver_request_total', KINDS, READ),
    writes: sum('apiserver_request_total', KINDS, WRITE),
    events: sum('apiserver_request_total', EVENT, WRITE),
    watchEvents: sum('apiserver_watch_events_total', KINDS),
    watchBytes: sum('apiserver_watch_events_sizes_sum', KINDS),
  };
}
