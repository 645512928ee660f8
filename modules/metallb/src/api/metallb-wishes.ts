import { type IpAddress, parseIp } from '../net/ip.ts';
import { memberOf, type Place, problemAt } from './fields.ts';
import { ANNOTATION, METALLB_ANNOTATION, METALLB_PREFIXES } from './names.ts';
import type { Problem } from './problem.ts';

/** What a Service asks of MetalLB's API, under whichever of its names. */
export interface MetallbWishes {
  /** Name of the pool; undefined: any that is for the Service. */
  readonly addressPool: string | undefined;
  /** At most these, in the order written. */
  readonly requestedIps: readonly IpAddress[];
  /** Where the IPs came from, as was written with them. */
  readonly allocatedFromPool: string | undefined;
  /** Deprecated annotations that the Service has: each has a successor of the same name under `metallb.io/`. */
  readonly deprecated: readonly string[];
  /** MetalLB gives a Service nothing as long as there is one. */
  readonly problems: readonly Problem[];
}

interface Written {
  readonly annotations: Readonly<Record<string, string>>;
  readonly loadBalancerIP: string | undefined;
}

const [CURRENT, DEPRECATED] = METALLB_PREFIXES;

/** The pool that a Service's IPs came from, as was written with them. */
export function allocatedFromPool(
  annotations: Readonly<Record<string, string>>,
): string | undefined {
  const names = METALLB_PREFIXES.map(
    (prefix) => `${prefix}${METALLB_ANNOTATION.allocatedFromPool}`,
  );
  return names.map((name) => annotations[name]?.trim()).find(Boolean);
}

/** Understands MetalLB's annotations of a Service, `spec.loadBalancerIP` and the names that Deckhouse has for the same. */
export function readMetallbWishes(
  { annotations, loadBalancerIP }: Written,
  service: Place,
): MetallbWishes {
  const annotationPlace = (name: string) =>
    memberOf(memberOf(memberOf(service, 'metadata'), 'annotations'), name);
  const written = (name: string, ...stronger: readonly string[]) =>
    [...stronger, `${CURRENT}${name}`, `${DEPRECATED}${name}`].find((key) =>
      annotations[key]?.trim(),
    );
  const requestKey = written(METALLB_ANNOTATION.requestedIps, ANNOTATION.requestedIps);
  const specPlace = memberOf(memberOf(service, 'spec'), 'loadBalancerIP');
  const inSpec = readIps(loadBalancerIP, specPlace);
  const inAnnotation = readIps(
    requestKey && annotations[requestKey],
    annotationPlace(requestKey ?? ''),
  );
  const isTwice = requestKey !== undefined && loadBalancerIP?.trim();
  const expected = `expected none beside the annotation ${requestKey}: only one of the two can count`;
  const poolKey = written(METALLB_ANNOTATION.addressPool, ANNOTATION.addressPool);
  return {
    addressPool: poolKey && annotations[poolKey]?.trim(),
    requestedIps: requestKey === undefined ? inSpec.ips : inAnnotation.ips,
    allocatedFromPool: allocatedFromPool(annotations),
    deprecated: Object.keys(annotations).filter((key) => key.startsWith(DEPRECATED)),
    problems: [
      ...inAnnotation.problems,
      ...inSpec.problems,
      ...(isTwice ? [problemAt(specPlace, loadBalancerIP, expected)] : []),
    ],
  };
}

function readIps(
  written: string | undefined,
  place: Place,
): { readonly ips: readonly IpAddress[]; readonly problems: readonly Problem[] } {
  const items = written?.trim() ? written.split(',').map((item) => item.trim()) : [];
  const read = items.map((item) => ({ item, ip: parseIp(item) }));
  return {
    ips: read.flatMap(({ ip }) => ip ?? []),
    problems: read
      .filter(({ ip }) => ip === undefined)
      .map(({ item }) => problemAt(place, item, 'expected IP addresses separated by commas')),
  };
}
