import { hash } from 'node:crypto';
import type { IpAddress } from '../net/ip.ts';

/** Nodes that are equal but for preference and hash; at least one. */
export type Tier = readonly string[];

/** How much nodes are preferred; of one that is missing nothing. */
export type Weights = ReadonlyMap<string, number>;

/** Nodes that could announce an IP, best first. Nearly always the winner is all that is asked for. */
export class Ranking implements Iterable<string> {
  readonly winner: string | undefined;
  readonly #tiers: readonly Tier[];
  readonly #preferred: string | undefined;
  readonly #ip: IpAddress;
  readonly #weights: Weights | undefined;

  /** @param weights undefined where no node has any */
  constructor(
    tiers: readonly Tier[],
    preferred: string | undefined,
    ip: IpAddress,
    weights?: Weights,
  ) {
    this.#weights = weights;
    this.#tiers = tiers;
    this.#preferred = preferred;
    this.#ip = ip;
    this.winner = tiers[0] && this.#bestOf(tiers[0]);
  }

  *[Symbol.iterator](): Generator<string> {
    for (const tier of this.#tiers) {
      let left = tier;
      for (let best = this.#bestOf(left); best !== undefined; best = this.#bestOf(left)) {
        yield best;
        left = left.filter((node) => node !== best);
      }
    }
  }

  #bestOf(tier: Tier): string | undefined {
    const preferred = this.#preferred;
    if (preferred !== undefined && tier.includes(preferred)) return preferred;
    if (tier.length < 2) return tier[0];
    const equal = this.#weights === undefined ? tier : heaviest(tier, this.#weights);
    return firstByHash(equal, this.#ip);
  }
}

function heaviest(tier: Tier, weights: Weights): Tier {
  const most = Math.max(...tier.map((node) => weights.get(node) ?? 0));
  return tier.filter((node) => (weights.get(node) ?? 0) === most);
}

/** The first in MetalLB's order of nodes for an IP: lowest sha256(`node#ip`). */
function firstByHash(tier: Tier, ip: IpAddress): string | undefined {
  let first: string | undefined;
  let firstDigits = '';
  for (const node of tier) {
    // Hexadecimal digits compare as the bytes do.
    const digits = hash('sha256', `${node}#${ip}`);
    if (first !== undefined && digits > firstDigits) continue;
    first = node;
    firstDigits = digits;
  }
  return first;
}
