import type { Reach } from '../duty/duty.ts';

/** The verdict on targets of which some are known to answer, some not to, and of the others it is not known. */
export function reachOf(targets: {
  readonly up: number;
  readonly down: number;
  readonly all: number;
  readonly quorum: number;
}): Reach {
  const { up, down, all, quorum } = targets;
  if (up >= quorum) return 'reached';
  return all - down < quorum ? 'lost' : 'doubtful';
}

/** Of an interface that several classes have probed: it is as good as the worst of them, and of none nothing is known. */
export function worstReach(each: readonly Reach[]): Reach {
  if (each.includes('lost')) return 'lost';
  const isReached = each.length > 0 && each.every((reach) => reach === 'reached');
  return isReached ? 'reached' : 'doubtful';
}
