import cap from 'cap';
import { arpRequest, neighbourSolicitation, readClaim } from '../frames.ts';
import type { Answer, ProberRequest, WatchReply } from '../prober.ts';
import { serve } from './serve.ts';

/** Asks by ARP or NDP who has an IP and tells every MAC that answered and when. */
const [, , interfaceName = 'eth0', mac = '', ipv4 = '', ipv6 = ''] = process.argv;

const LAST_ANSWER_WITHIN_MS = 50;
/** Half of the answers that a ring has room for where the interface merges segments. */
const ASKED_AT_ONCE = 32;
const RING_BYTES = 4 * 1024 * 1024;
const FILTER = 'arp or (icmp6 and ip6[40] = 136)';
const frameBuffer = Buffer.alloc(65_535);
const socket = new cap.Cap();
socket.open(interfaceName, FILTER, RING_BYTES, frameBuffer);

const listeners = new Set<(answer: Answer) => void>();

socket.on('packet', (length) => {
  const claim = readClaim(frameBuffer.subarray(0, length));
  if (claim === undefined || claim.destinationMac !== mac || claim.kind === 'arp-request') return;
  const answer = { ip: claim.ip, mac: claim.mac, atMs: performance.now() };
  for (const listener of listeners) listener(answer);
});

function send(ip: string): void {
  const source = { mac, ip: ip.includes(':') ? ipv6 : ipv4 };
  try {
    socket.send(ip.includes(':') ? neighbourSolicitation(source, ip) : arpRequest(source, ip));
  } catch {
    // The prober's own link is down: nobody answers.
  }
}

/** Collects answers for `waitMs`, or only until the first one. */
async function ask(ip: string, waitMs: number, firstOnly = false): Promise<Answer[]> {
  const answers: Answer[] = [];
  const askedAt = performance.now();
  await new Promise<void>((resolve) => {
    const listener = (answer: Answer) => {
      if (answer.ip !== ip) return;
      answers.push({ ...answer, atMs: answer.atMs - askedAt });
      if (firstOnly) done();
    };
    const timer = setTimeout(done, waitMs);
    function done(): void {
      clearTimeout(timer);
      listeners.delete(listener);
      resolve();
    }
    listeners.add(listener);
    send(ip);
  });
  return answers;
}

/** One request after the other. */
async function askAgain(ip: string, count: number, gapMs: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await ask(ip, 200, true);
    await new Promise((resolve) => setTimeout(resolve, gapMs));
  }
}

interface Watching {
  readonly answers: Answer[];
  readonly timer: NodeJS.Timeout;
  readonly startedAt: number;
  rounds: number;
}

let watching: Watching | undefined;

function watch(ips: readonly string[], everyMs: number): void {
  const answers: Answer[] = [];
  const startedAt = performance.now();
  listeners.add((answer) => answers.push({ ...answer, atMs: answer.atMs - startedAt }));
  const slices = Math.max(1, Math.ceil(ips.length / ASKED_AT_ONCE));
  let slice = 0;
  const timer = setInterval(() => {
    if (watching !== undefined && slice === 0) watching.rounds += 1;
    for (const ip of ips.slice(slice * ASKED_AT_ONCE, (slice + 1) * ASKED_AT_ONCE)) send(ip);
    slice = (slice + 1) % slices;
  }, everyMs / slices);
  watching = { answers, timer, startedAt, rounds: 0 };
}

/** @param stop asks no more; the answers to the last questions are waited for before */
async function watched(stop: boolean): Promise<WatchReply> {
  if (watching === undefined) return { answers: [], forMs: 0, rounds: 0 };
  const { answers, timer, startedAt, rounds } = watching;
  const forMs = performance.now() - startedAt;
  if (stop) {
    clearInterval(timer);
    await new Promise((resolve) => setTimeout(resolve, LAST_ANSWER_WITHIN_MS));
    listeners.clear();
    watching = undefined;
  }
  return { answers, forMs, rounds };
}

function sendFrames(frames: readonly string[]): void {
  for (const frame of frames) socket.send(Buffer.from(frame, 'hex'));
}

serve((message) => {
  const request = message as ProberRequest;
  switch (request.do) {
    case 'ask':
      return ask(request.ip, request.waitMs);
    case 'ask-again':
      return askAgain(request.ip, request.count, request.gapMs);
    case 'watch':
      return watch(request.ips, request.everyMs);
    case 'watched':
      return watched(request.stop);
    case 'send':
      return sendFrames(request.frames);
  }
});
