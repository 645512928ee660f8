import { join } from 'node:path';
import { type CapturedFrame, startCapture } from './capture.ts';
import { readClaim } from './frames.ts';
import type { Lab } from './lab.ts';

/** A responder's code and caches are warm after this many. */
const WARM_UP = 100;

/**
 * Milliseconds from question to reply, as the kernel of the asking host stamps both: its own programs' time does not
 * count. Unanswered questions are left out.
 */
export async function replyTimes(lab: Lab, ip: string, count: number): Promise<number[]> {
  const file = join(lab.directory, `reply-${ip.replaceAll(':', '-')}.pcap`);
  await lab.prober.askAgainAndAgain(ip, WARM_UP);
  const at = { namespace: lab.namespace('prober'), interfaceName: 'eth0', file };
  const capture = await startCapture(at);
  await lab.prober.askAgainAndAgain(ip, count);
  return timesBetween(await capture.stopWithFrames(), lab.prober.question(ip), ip);
}

export function timesBetween(
  frames: readonly CapturedFrame[],
  question: Buffer,
  ip: string,
): number[] {
  const times: number[] = [];
  let askedAt: number | undefined;
  for (const { epochMs, bytes } of frames) {
    if (bytes.equals(question)) askedAt = epochMs;
    else if (askedAt !== undefined && readClaim(bytes)?.ip === ip) {
      times.push(epochMs - askedAt);
      askedAt = undefined;
    }
  }
  return times;
}
