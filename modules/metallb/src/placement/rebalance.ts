import { compareChildren, type Distribution } from './distribution.ts';

/**
 * What a move must gain, in the order tried: children of the Service on the giver less those on the taker.
 * 2: it parts two IPs of one Service. 1: its Service is no worse off. A giver has more children than any taker, so of
 * some Service it has more: never is a move needed that gains less.
 */
const LEAST_GAINS = [2, 1] as const;

/** The fewest moves after which no node has two children more than another. */
export function rebalance(distribution: Distribution): void {
  const quotas = quotasOf(distribution);
  const quota = (node: string) => quotas.get(node) ?? 0;
  const givers = distribution.nodes.filter((node) => distribution.load(node) > quota(node));
  const takers = distribution.nodes.filter((node) => distribution.load(node) < quota(node));
  const bestTaker = (service: string): string | undefined =>
    takers
      .filter((node) => distribution.load(node) < quota(node))
      .reduce<string | undefined>(
        (best, node) =>
          best === undefined || compareTakers(distribution, service, node, best) < 0 ? node : best,
        undefined,
      );

  for (const leastGain of LEAST_GAINS) {
    for (const giver of givers) {
      giveAway({ distribution, giver, keep: quota(giver), leastGain, bestTaker });
    }
  }
}

/**
 * The fullest nodes keep one more where the children don't divide evenly: any other choice costs more moves. Among
 * equals, those with the fewest Services doubled.
 */
function quotasOf(distribution: Distribution): Map<string, number> {
  const byLoad = distribution.nodes
    .map((node) => ({
      node,
      load: distribution.load(node),
      doubled: doubledOn(distribution, node),
    }))
    .sort((a, b) => b.load - a.load || a.doubled - b.doubled);
  const total = byLoad.reduce((sum, { load }) => sum + load, 0);
  const base = Math.floor(total / byLoad.length);
  const remainder = total % byLoad.length;
  return new Map(byLoad.map(({ node }, index) => [node, index < remainder ? base + 1 : base]));
}

/** Children beyond the first of their Service on this node. */
function doubledOn(distribution: Distribution, node: string): number {
  const children = distribution.childrenOn(node);
  return children.length - new Set(children.map(({ service }) => service)).size;
}

function compareTakers(distribution: Distribution, service: string, a: string, b: string): number {
  return (
    distribution.loadOf(service, a) - distribution.loadOf(service, b) ||
    distribution.compareNodes(a, b)
  );
}

interface Giving {
  readonly distribution: Distribution;
  readonly giver: string;
  /** How many children the giver keeps. */
  readonly keep: number;
  readonly leastGain: number;
  readonly bestTaker: (service: string) => string | undefined;
}

function giveAway({ distribution, giver, keep, leastGain, bestTaker }: Giving): void {
  // The last of a Service first, so that its first IP stays where it was.
  const lastFirst = distribution.childrenOn(giver).sort((a, b) => compareChildren(b, a));
  for (const child of lastFirst) {
    const taker = bestTaker(child.service);
    if (taker === undefined || distribution.load(giver) === keep) return;
    const gain =
      distribution.loadOf(child.service, giver) - distribution.loadOf(child.service, taker);
    if (gain >= leastGain) distribution.move(child, giver, taker);
  }
}
