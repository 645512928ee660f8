import * as assert from 'uvu/assert';
import { METALLB_ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { TermOptions } from '../../modules/metallb/src/controller/term.ts';
import { node } from './cluster-objects.ts';
import { ControllerBench } from './controller-bench.ts';
import { ipAddressPool, l2Advertisement, namespaceObject } from './metallb-objects.ts';

export const PUBLIC = ipAddressPool('public', ['192.0.2.10-192.0.2.11']);
export const DUAL = ipAddressPool('dual', ['198.51.100.1', '2001:db8::1']);
const BASE = [l2Advertisement('all'), node('n1'), namespaceObject('default', { team: 'web' })];
export const asked = (name: string) => ({ [`metallb.io/${METALLB_ANNOTATION.addressPool}`]: name });
export const wanted = (ips: string) => ({ [`metallb.io/${METALLB_ANNOTATION.requestedIps}`]: ips });
export const ORIGIN = 'metallb.io/ip-allocated-from-pool';

/** What becomes of the Service `web` in a cluster. */
export interface Convergence {
  readonly name: string;
  readonly options?: Partial<TermOptions>;
  /** Settled first, `web` is the Service in question. */
  readonly before: readonly KubernetesObject[];
  /** Then these are written, and those that are undefined deleted. */
  readonly change?: readonly KubernetesObject[];
  readonly removed?: readonly KubernetesObject[];
  /** What `web` has afterwards. */
  readonly ips: readonly string[];
  /** Name of the pool in its annotation. */
  readonly from?: string | undefined;
  /** Found in its conditions. */
  readonly says?: string;
  /** Not found in its conditions. */
  readonly silent?: string;
  /** Found among the Events of the change. */
  readonly event?: string;
}

/** Plays it, and sees that another controller finds nothing to do. */
export async function playConvergence(row: Convergence): Promise<void> {
  const { options, before, change = [], removed = [], ...expected } = row;
  const bench = new ControllerBench([...BASE, ...before], 'controller', options);
  await bench.settle();
  if (change.length + removed.length > 0) bench.events.length = 0;
  for (const object of change) bench.change(object, ORIGIN);
  for (const object of removed) bench.remove(object);
  await bench.settle();
  assert.equal(bench.ips('web'), expected.ips);
  assert.is(bench.annotations('web')[ORIGIN], expected.from);
  const conditions = bench.conditions('web').join('\n');
  assert.match(conditions, expected.says ?? '');
  if (expected.silent !== undefined) assert.not.match(conditions, expected.silent);
  if (expected.event !== undefined) assert.match(bench.events.join('\n'), expected.event);
  await bench.restart();
  assert.equal(bench.store.writes, [], 'another controller sees it alike');
  assert.equal(bench.ips('web'), expected.ips);
}
