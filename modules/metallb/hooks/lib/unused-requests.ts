import { ANNOTATION } from '../../src/api/names.ts';
import { keyOf } from '../../src/api/object.ts';
import type { Problem } from '../../src/api/problem.ts';
import type { Service } from '../../src/api/service.ts';
import type { ChildWish } from './wanted-children.ts';

/**
 * Requested IPs that no child asks for: mostly the count was forgotten, which is 1 then. With `auto` they may be meant
 * for nodes to come.
 */
export function unusedRequests(
  { metadata, count, requestedIps }: Service,
  wishes: readonly ChildWish[],
): Problem[] {
  if (count === 'auto' || wishes.length === 0) return [];
  const used = new Set(wishes.map(({ requestedIp }) => requestedIp));
  return requestedIps
    .filter((ip) => ip !== undefined && !used.has(ip))
    .map((ip) => ({
      object: `Service/${keyOf(metadata)}`,
      field: `metadata.annotations[${ANNOTATION.requestedIps}]`,
      value: ip,
      expected: `expected as many addresses as public IPs, ${count} now: raise ${ANNOTATION.externalIpsCount}; this one is not used`,
    }));
}
