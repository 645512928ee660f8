import {
  bitsOf,
  familyOf,
  type IpAddress,
  type IpFamily,
  ipFromBigInt,
  ipToBigInt,
} from '../net/ip.ts';
import { formatRange, type IpRange } from '../net/range.ts';
import type { DataPathFacts, InterfaceFacts } from './data-path.ts';
import { runIp } from './ip-command.ts';
import { type Link, parseLinks } from './link.ts';
import { listRuleMarks, lookUpRoutes, type RouteAnswer, type RouteQuestion } from './routes.ts';
import type { ServedPools } from './served-pools.ts';
import { readInterfaceSysctls, readProcSys } from './sysctl.ts';

/**
 * A client of another network: of blocks for benchmarks (RFC 2544, RFC 5180), which nobody has a route of their own for.
 */
const ELSEWHERE = {
  IPv4: ipFromBigInt('IPv4', 0xc6120001n),
  IPv6: ipFromBigInt('IPv6', 0x20010002_00000000_00000000_00000001n),
} as const;
/** So that a look costs about the same however many pools and rules there are. */
const MAX_POOLS = 32;
const MAX_MARKS = 8;

/**
 * Looks at routes, rules, addresses and kernel settings. Needs no privilege; must run in the host's network namespace.
 * @param ips served IPs @throws IpCommandError, SyntaxError or TypeError when `ip` can't be run or understood
 */
export async function probeDataPath(
  served: readonly ServedPools[],
  ips: ReadonlySet<IpAddress>,
): Promise<DataPathFacts> {
  const [links, marks] = await Promise.all([readLinks(), listRuleMarks()]);
  const heldIps = links.flatMap(({ addresses }) => addresses.filter((ip) => ips.has(ip)));
  const present = served.flatMap((one) => {
    const link = links.find(({ name }) => name === one.interface);
    return link === undefined ? [] : [{ ...one, link }];
  });
  const plans = present.map((one) => planInterface(one, marks.slice(0, MAX_MARKS)));
  // One process of `ip` for all: starting one for each of a hundred interfaces holds up this one for seconds.
  const asked = plans.flatMap(({ arrivals, returns, marked }) =>
    [...arrivals, ...returns, ...marked].map(({ question }) => question),
  );
  const replies = await lookUpRoutes(asked);
  const answers = new Map(asked.map((question, index) => [question, replies[index]]));
  return { interfaces: plans.map((plan) => factsOf(plan, answers)), heldIps };
}

async function readLinks(): Promise<Link[]> {
  return parseLinks((await runIp(['-j', '-d', 'address'])).stdout);
}

/** What to ask the kernel about one interface. */
interface InterfacePlan extends Pick<InterfaceFacts, 'name' | 'protocol' | 'sysctls'> {
  readonly arrivals: readonly (Asked & { readonly pool: string })[];
  readonly returns: readonly AskedOfFamily[];
  readonly marked: readonly AskedOfFamily[];
}

interface Asked {
  readonly question: RouteQuestion;
}

interface AskedOfFamily extends Asked {
  readonly family: IpFamily;
}

function planInterface(
  { link, protocol, pools: all }: ServedPools & { readonly link: Link },
  marks: readonly number[],
): InterfacePlan {
  const { name } = link;
  const pools = all.slice(0, MAX_POOLS);
  const sysctls = readInterfaceSysctls(name, readProcSys);
  const forwarded = pools.filter(({ family }) => family === 'IPv4' || sysctls.forwardsIpv6);
  const families = [...new Set(pools.map(({ family }) => family))];
  return {
    ...{ name, protocol, sysctls },
    arrivals: forwarded.flatMap((pool) => arrivalsAt(link, pool)),
    returns: families.map((family) => ({ family, question: { to: ELSEWHERE[family] } })),
    marked: families.flatMap((family) =>
      marks.map((mark) => ({ family, question: { to: ELSEWHERE[family], mark } })),
    ),
  };
}

function factsOf(
  { arrivals, returns, marked, ...plan }: InterfacePlan,
  answers: ReadonlyMap<RouteQuestion, RouteAnswer | undefined>,
): InterfaceFacts {
  const answered = <One extends Asked>(asked: readonly One[]) =>
    asked.flatMap((one) => {
      const answer = answers.get(one.question);
      return answer === undefined ? [] : [{ ...one, answer }];
    });
  const leadsBack = ({ answer }: { answer: RouteAnswer }) =>
    answer.kind === 'out' && answer.interface === plan.name;
  return {
    ...plan,
    poolRoutes: answered(arrivals),
    returnRoutes: answered(returns),
    markedReturn: answered(marked)
      .filter(leadsBack)
      .map(({ family }) => family),
  };
}

/** One of the two ends may be assigned, and held by an interface of this host. */
function arrivalsAt(link: Link, pool: IpRange): (Asked & { readonly pool: string })[] {
  const from = neighbourOn(link, pool.family);
  const ends = [...new Set([pool.first, pool.last])];
  return ends.map((end) => ({
    pool: formatRange(pool),
    question: {
      to: ipFromBigInt(pool.family, end),
      arrives: { from, interface: link.name },
    },
  }));
}

/** An address next to our own: one that no reverse path filter minds. */
function neighbourOn({ addresses, linkLocal }: Link, family: IpFamily): IpAddress {
  const candidates = family === 'IPv6' ? [...addresses, linkLocal] : addresses;
  const own = candidates.find((ip) => ip !== undefined && familyOf(ip) === family);
  if (own === undefined) return ELSEWHERE[family];
  const value = ipToBigInt(own);
  // Not the first or the last of a subnet of up to 256, which no host has.
  const isHost = (ip: bigint) => ![0n, 255n].includes(ip & 255n);
  const near = [value ^ 2n, value ^ 4n].find(isHost) ?? value;
  return ipFromBigInt(family, BigInt.asUintN(bitsOf(family), near));
}
