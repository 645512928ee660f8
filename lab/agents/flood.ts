import cap from 'cap';
import type { FloodReport, FloodRequest } from '../flood.ts';
import { serve } from './serve.ts';

/** Puts frames on the segment, one after the other and again from the first one, as fast as it is told or can. */
const [, , interfaceName = 'eth0'] = process.argv;

const SLICE_MS = 5;
/** It listens to nothing. */
const FILTER = 'less 1';

const socket = new cap.Cap();
socket.open(interfaceName, FILTER, 65_536, Buffer.alloc(65_535));

async function flood({ frames, forMs, perSecond }: FloodRequest): Promise<FloodReport> {
  const all = frames.map((frame) => Buffer.from(frame, 'hex'));
  const startedAt = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = performance.now() - startedAt;
    if (elapsed >= forMs) return { sent, forMs: elapsed };
    const due = Math.floor((Math.min(elapsed + SLICE_MS, forMs) * perSecond) / 1_000);
    const until = performance.now() + SLICE_MS;
    for (; sent < due && performance.now() < until; sent += 1) send(all[sent % all.length]);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function send(frame: Buffer | undefined): void {
  if (frame === undefined) return;
  try {
    socket.send(frame);
  } catch {
    // The queue is full: so much is not sent.
  }
}

serve((request) => flood(request as FloodRequest));
