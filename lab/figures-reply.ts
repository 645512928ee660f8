import type { FigureGroup, Samples } from './figure.ts';
import { settled } from './health.ts';
import type { Lab } from './lab.ts';
import { NDPPD_IP, startNdppd } from './ndppd.ts';
import { ipv4On, ipv6On, numberOf } from './plan.ts';
import { replyTimes } from './reply-times.ts';

const REPLIES = 1_000;
/** In the pool's subnet, in no pool. */
const BARE_IP = '192.0.2.150';

/**
 * What an answer takes. Every candidate reads every question, and in a cluster each has a machine to itself: here one node
 * is alone, as are those that it is compared with.
 */
export function replyFigures(): FigureGroup {
  const figures = [{ name: 'reply', unit: 'ms', trials: 1, trial: repliesInTurn }];
  return { lab: { nodes: 1 }, figures };
}

/** Of an IP of this module, of the same node's own address, which its kernel answers for, and of other programs'. */
async function repliesInTurn(lab: Lab, node: string): Promise<Samples> {
  const all = await settled(lab);
  const number = numberOf(node);
  const ours = (isIpv6: boolean) => all.find(({ ip }) => ip.includes(':') === isIpv6)?.ip ?? '';
  return {
    'ARP reply': await replyTimes(lab, ours(false), REPLIES),
    'ARP reply, kernel': await replyTimes(lab, ipv4On('public', number), REPLIES),
    'ARP reply, bare responder on Node.js': await bareReplies(lab),
    'NDP reply': await replyTimes(lab, ours(true), REPLIES),
    'NDP reply, kernel': await replyTimes(lab, ipv6On('public', number), REPLIES),
    'NDP reply, ndppd': await ndppdReplies(lab),
  };
}

async function bareReplies(lab: Lab): Promise<readonly number[]> {
  const responder = await lab.bareResponderOn('client2', BARE_IP);
  try {
    return await replyTimes(lab, BARE_IP, REPLIES);
  } finally {
    responder.stop();
  }
}

async function ndppdReplies(lab: Lab): Promise<readonly number[]> {
  const stop = await startNdppd(lab);
  try {
    return await replyTimes(lab, NDPPD_IP, REPLIES);
  } finally {
    stop();
  }
}
