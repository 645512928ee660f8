import { join } from 'node:path';
import { type CapturedFrame, startCapture } from './capture.ts';
import { readClaim } from './frames.ts';
import type { Lab } from './lab.ts';
import type { AnswerReport, AnswerWatch } from './prober.ts';

/** A responder's code and caches are warm after this many. */
const WARM_UP = 100;

/**
 * Milliseconds from question to reply, as the kernel of the asking host stamps both: its own programs' time does not
 * count. Unanswered questions are left out.
 */
export async function replyTimes(lab: Lab, ip: string, count: number): Promise<readonly number[]> {
  const file = join(lab.directory, `reply-${ip.replaceAll(':', '-')}.pcap`);
  await lab.prober.askAgainAndAgain(ip, WARM_UP);
  const at = { namespace: lab.namespace('prober'), interfaceName: 'eth0', file };
  const capture = await startCapture(at);
  await lab.prober.askAgainAndAgain(ip, count);
  return repliesIn(await capture.stopWithFrames(), questions(lab, [ip])).times;
}

/** Asks for all IPs meanwhile, again and again. */
export async function repliesWhile(
  lab: Lab,
  ips: readonly string[],
  everyMs: number,
  work: (watch: AnswerWatch) => Promise<void>,
): Promise<Replies & { answers: AnswerReport }> {
  const { mac } = lab.prober;
  const file = join(lab.directory, 'replies.pcap');
  const at = { namespace: lab.namespace('prober'), interfaceName: 'eth0', file };
  const capture = await startCapture({ ...at, filter: `ether host ${mac} and (arp or icmp6)` });
  const watch = await lab.prober.watch(ips, everyMs);
  await work(watch);
  const answers = await watch.stop();
  return { ...repliesIn(await capture.stopWithFrames(), questions(lab, ips)), answers };
}

export interface Replies {
  /** From question to reply, for those that were answered before they were asked again. */
  readonly times: readonly number[];
  readonly asked: number;
}

/** @param questions the frame that asks for an IP, and the IP */
export function repliesIn(
  frames: readonly CapturedFrame[],
  questions: readonly (readonly [Buffer, string])[],
): Replies {
  const ipOf = new Map(questions.map(([frame, ip]) => [frame.toString('hex'), ip]));
  const askedAt = new Map<string, number>();
  const times: number[] = [];
  let asked = 0;
  for (const { epochMs, bytes } of frames) {
    const question = ipOf.get(bytes.toString('hex'));
    if (question !== undefined) {
      asked += 1;
      askedAt.set(question, epochMs);
      continue;
    }
    const ip = readClaim(bytes)?.ip ?? '';
    const since = askedAt.get(ip);
    if (since !== undefined) times.push(epochMs - since);
    askedAt.delete(ip);
  }
  return { times, asked };
}

function questions(lab: Lab, ips: readonly string[]): [Buffer, string][] {
  return ips.map((ip) => [lab.prober.question(ip), ip]);
}
