import type { MetalLoadBalancerClass } from '../../src/api/metal-load-balancer-class.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import type { Service } from '../../src/api/service.ts';
import { familyOf, parseIp } from '../../src/net/ip.ts';
import { rangeContains } from '../../src/net/range.ts';
import { listAt, valueAt } from './json.ts';
import type { Observed } from './observed.ts';
import type { ChildWish } from './wanted-children.ts';

interface Takeover {
  /** No class has served it so far: what is in its status is another load balancer's. */
  readonly service: Observed<Service>;
  readonly chosen: MetalLoadBalancerClass;
  /** The children that it would get. */
  readonly wishes: readonly ChildWish[];
  readonly classes: Iterable<MetalLoadBalancerClass>;
}

/**
 * A class takes a Service over with all that it has, or not at all: else its users would lose an IP that works, and
 * two load balancers write one status.
 * @returns what is in the way and what to do; undefined where nothing is, or where the Service asks for other IPs
 */
export function takeoverObstacle(takeover: Takeover): string | undefined {
  const { service, chosen, wishes } = takeover;
  const held = addressesOf(service);
  const asksForOthers = wishes.some(
    ({ requestedIp }) => requestedIp !== undefined && !held.includes(requestedIp),
  );
  if (asksForOthers || wishes.length === 0) return undefined;
  const outside = held.filter((address) => !isInPool(address, chosen));
  if (outside.length > 0 && chosen.spec.whenOutOfPool === 'Keep') {
    return outOfPool(outside, takeover);
  }
  return tooMany(takeover);
}

/** What another load balancer wrote: an IP, or the name of a host. */
function addressesOf({ object }: Observed<Service>): string[] {
  return listAt(object.status, 'loadBalancer', 'ingress').map((entry) => {
    const written = String(valueAt(entry, 'ip') ?? valueAt(entry, 'hostname'));
    return parseIp(written) ?? written;
  });
}

function isInPool(address: string, { spec }: MetalLoadBalancerClass): boolean {
  const ip = parseIp(address);
  return ip !== undefined && spec.addressPool.some((range) => rangeContains(range, ip));
}

function outOfPool(outside: readonly string[], { classes }: Takeover): string {
  const [are, them] = outside.length === 1 ? ['is', 'it'] : ['are', 'them'];
  const home = [...classes].find((one) => outside.every((address) => isInPool(address, one)));
  const remedy =
    home === undefined
      ? `add ${them} there`
      : `choose the class whose pool has ${them} (${ANNOTATION.class}: ${home.metadata.name})`;
  return `${outside.join(', ')} ${are} not in its spec.addressPool: ${remedy}, or ask for others of the pool (${ANNOTATION.requestedIps})`;
}

function tooMany({ service: { value }, wishes }: Takeover): string | undefined {
  for (const family of ['IPv4', 'IPv6'] as const) {
    const held = value.status.ingress.filter((ip) => familyOf(ip) === family);
    const asked = wishes.filter((wish) => (wish.family ?? value.ipFamilies[0]) === family).length;
    if (held.length <= asked) continue;
    const remedy =
      asked === 0
        ? `add ${family} to spec.ipFamilies`
        : `set ${ANNOTATION.externalIpsCount} to ${held.length}`;
    return `it has ${held.join(', ')} and asks for ${asked} ${family} addresses: ${remedy}`;
  }
  return undefined;
}
