import { familyOf, type IpAddress, type IpFamily } from '../net/ip.ts';
import type { RouteAnswer } from './routes.ts';
import type { ServedPools } from './served-pools.ts';
import type { InterfaceSysctls } from './sysctl.ts';

/** What can be wrong with how this host's kernel treats load-balanced traffic. */
export const DATA_PATH_CHECKS = [
  'ForwardingLoop',
  'ReversePathFilter',
  'ReturnRouteElsewhere',
  'KernelAnswers',
] as const;
export type DataPathCheck = (typeof DATA_PATH_CHECKS)[number];

export interface DataPathFinding {
  readonly check: DataPathCheck;
  readonly interface: string;
  /** What is wrong and what to do, a sentence. */
  readonly message: string;
}

/** Where the kernel sends a packet to an address of a pool that comes in on the pool's interface. */
export interface PoolRoute {
  readonly pool: string;
  readonly answer: RouteAnswer;
}

/** What is known of one interface by which packets to announced IPs come in. */
export interface InterfaceFacts {
  readonly name: string;
  /** What sends them here. */
  readonly protocol: ServedPools['protocol'];
  readonly sysctls: InterfaceSysctls;
  readonly poolRoutes: readonly PoolRoute[];
  /** Families of its pools, with the way back to a client that is on none of this host's networks. */
  readonly returnRoutes: readonly { readonly family: IpFamily; readonly answer: RouteAnswer }[];
  /** Families for which a rule for marked packets leads back out of this interface. */
  readonly markedReturn: readonly IpFamily[];
}

export interface DataPathFacts {
  readonly interfaces: readonly InterfaceFacts[];
  /** Served IPs that sit on an interface of this host, as kube-proxy's IPVS mode has them. */
  readonly heldIps: readonly IpAddress[];
}

const RECIPES = 'see docs/network-requirements.md';

/** What routers send may well be answered by another way than it came, and nobody asks by ARP who has it. */
export function isCheckedFor(check: DataPathCheck, protocol: ServedPools['protocol']): boolean {
  return protocol === 'layer2' || check === 'ForwardingLoop';
}

/** All that is wrong (network rules 27 and 28), nothing when all is well. */
export function judgeDataPath({ interfaces, heldIps }: DataPathFacts): DataPathFinding[] {
  return interfaces.flatMap((facts) =>
    [...findLoops(facts), ...findReturnFaults(facts), ...findKernelAnswers(facts, heldIps)].filter(
      ({ check }) => isCheckedFor(check, facts.protocol),
    ),
  );
}

function findLoops({ name, poolRoutes }: InterfaceFacts): DataPathFinding[] {
  const looping = poolRoutes.filter(
    ({ answer }) => answer.kind === 'out' && answer.interface === name,
  );
  if (looping.length === 0) return [];
  const pools = [...new Set(looping.map(({ pool }) => pool))].join(', ');
  const effect = `a packet from ${name} to an address of ${pools} that no Service port takes is sent back out of ${name}, and goes round until its TTL ends`;
  return [
    {
      check: 'ForwardingLoop',
      interface: name,
      message: `${effect}; install the loop guard, ${RECIPES}`,
    },
  ];
}

function findReturnFaults(facts: InterfaceFacts): DataPathFinding[] {
  const { name, sysctls, returnRoutes, markedReturn } = facts;
  return returnRoutes.flatMap(({ family, answer }): DataPathFinding[] => {
    if (answer.kind !== 'out' || answer.interface === name) return [];
    const marked = markedReturn.includes(family);
    // There is no such filter for IPv6 but in firewalls.
    const isStrict = family === 'IPv4' && sysctls.rpFilter === 1;
    const findings: DataPathFinding[] = [];
    if (isStrict && !(marked && sysctls.srcValidMark)) {
      findings.push({
        check: 'ReversePathFilter',
        interface: name,
        message: `rp_filter is 1 (strict) on ${name} while the way back to other networks is ${answer.interface}: connections from there are dropped; set net.ipv4.conf.${name}.rp_filter=2 and .all to 0 or 2, ${RECIPES}`,
      });
    }
    if (!marked) {
      findings.push({
        check: 'ReturnRouteElsewhere',
        interface: name,
        message: `answers over ${family} to clients of other networks leave by ${answer.interface} although they came by ${name}; mark connections of ${name} and route the mark back out of it, ${RECIPES}`,
      });
    }
    return findings;
  });
}

/** With kube-proxy's strictARP the kernel keeps silent about addresses of other interfaces. IPv6 always does. */
function findKernelAnswers(
  { name, sysctls }: InterfaceFacts,
  heldIps: readonly IpAddress[],
): DataPathFinding[] {
  const [held] = heldIps.filter((ip) => familyOf(ip) === 'IPv4');
  const { arpIgnore, arpAnnounce } = sysctls;
  if (held === undefined || (arpIgnore >= 1 && arpAnnounce >= 2)) return [];
  const now = `arp_ignore is ${arpIgnore} and arp_announce is ${arpAnnounce} on ${name}`;
  return [
    {
      check: 'KernelAnswers',
      interface: name,
      message: `${held} is on an interface of this node and ${now}: the kernel answers ARP for it on every node; set strictARP in kube-proxy's configuration, or arp_ignore=1 and arp_announce=2, ${RECIPES}`,
    },
  ];
}
