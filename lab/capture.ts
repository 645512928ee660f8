import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { standBack } from './bystander.ts';
import { type Claim, readClaim } from './frames.ts';

const PCAP_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;

/** When a frame passed, by the kernel's stamp. */
export interface CapturedFrame {
  readonly epochMs: number;
  readonly bytes: Buffer;
}

/** One captured claim about an IP and when it passed. */
export interface CapturedClaim extends Claim {
  readonly epochMs: number;
}

/** A running tcpdump of ARP and neighbour discovery frames. */
export class Capture {
  readonly #tcpdump: ChildProcess;
  readonly #file: string;

  constructor(tcpdump: ChildProcess, file: string) {
    this.#tcpdump = tcpdump;
    this.#file = file;
  }

  /** Ends the capture. @returns all claims in order */
  async stop(): Promise<CapturedClaim[]> {
    return claimsIn(await this.stopWithFrames());
  }

  /** Ends the capture. @returns all frames in order */
  async stopWithFrames(): Promise<CapturedFrame[]> {
    if (hasEnded(this.#tcpdump)) throw new Error(`tcpdump into ${this.#file} ended by itself`);
    const exited = once(this.#tcpdump, 'exit');
    this.#tcpdump.kill('SIGINT');
    await exited;
    return readFrames(await readFile(this.#file));
  }
}

/** @param file pcap file to write; it may be opened with any packet analyser later */
export async function startCapture(at: {
  namespace: string;
  interfaceName: string;
  file: string;
  /** libpcap syntax. */
  filter?: string;
}): Promise<Capture> {
  const options = ['-i', at.interfaceName, '-U', '--immediate-mode', '-Z', 'root', '-w', at.file];
  const tcpdump = spawn(
    'ip',
    ['netns', 'exec', at.namespace, 'tcpdump', ...options, at.filter ?? 'arp or icmp6'],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  standBack(tcpdump);
  await listening(tcpdump);
  return new Capture(tcpdump, at.file);
}

/** A capture that can't begin would find nothing, which many a scenario hopes for. */
async function listening({ stderr }: ChildProcessByStdio<null, null, Readable>): Promise<void> {
  let said = '';
  for await (const text of stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += text;
    if (said.includes('listening on ')) break;
  }
  if (!said.includes('listening on ')) throw new Error(`no capture: ${said.trim()}`);
  stderr.resume();
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** The frames in a pcap file of Ethernet frames (microsecond stamps, this machine's byte order). */
export function readFrames(pcap: Buffer): CapturedFrame[] {
  if (pcap.readUInt32LE(0) !== MAGIC_MICROSECONDS)
    throw new TypeError('not a pcap file of this machine');
  const frames: CapturedFrame[] = [];
  let at = PCAP_HEADER_BYTES;
  while (at + RECORD_HEADER_BYTES <= pcap.length) {
    const epochMs = pcap.readUInt32LE(at) * 1000 + pcap.readUInt32LE(at + 4) / 1000;
    const end = at + RECORD_HEADER_BYTES + pcap.readUInt32LE(at + 8);
    frames.push({ epochMs, bytes: pcap.subarray(at + RECORD_HEADER_BYTES, end) });
    at = end;
  }
  return frames;
}

export function claimsIn(frames: readonly CapturedFrame[]): CapturedClaim[] {
  return frames.flatMap(({ epochMs, bytes }) => {
    const claim = readClaim(bytes);
    return claim === undefined ? [] : [{ ...claim, epochMs }];
  });
}
