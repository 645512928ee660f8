import type { BfdKey } from '../../modules/metallb/src/bfd/authentication.ts';
import type { BfdPath } from '../../modules/metallb/src/bfd/path.ts';
import type { BfdEvent, BfdMemory } from '../../modules/metallb/src/bfd/session.ts';
import { BfdSpeaker } from '../../modules/metallb/src/bfd/speaker.ts';
import type { BfdTimers } from '../../modules/metallb/src/bfd/timers.ts';
import {
  afterReading,
  type BfdSender,
  openBfdReceiver,
  openBfdSender,
} from '../../modules/metallb/src/linux/bfd-socket.ts';
import { familyOf, type IpAddress, parseIp } from '../../modules/metallb/src/net/ip.ts';
import { BFD_PORT } from '../../modules/metallb/src/packet/bfd.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import type { BfdLook, BfdRequest, BfdSpec } from '../bfd-speaker.ts';
import { serve } from './serve.ts';

/** One BFD session as the product has it, with a peer as a scenario names it. */
const NAME = 'peer';
const NEIGHBOUR_TTL = 255;
const DEFAULT_INTERVAL_MS = 50;

const events: { at: number; event: BfdEvent }[] = [];
let memory: BfdMemory | undefined;
let sender: BfdSender | undefined;
const speaker = new BfdSpeaker({
  ...{ clock: systemClock, random: Math.random, afterReading },
  send: (_, bytes) => sender?.send(bytes),
  tell: (_, event) => events.push({ at: Date.now(), event }),
  keep: (_, kept) => {
    memory = kept;
  },
});

function address(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is no address`);
  return ip;
}

function fail(error: unknown): void {
  process.stderr.write(`${error}\n`);
}

function timers(intervalMs = DEFAULT_INTERVAL_MS, transmitMs = intervalMs): BfdTimers {
  return { desiredMinTxMs: transmitMs, requiredMinRxMs: intervalMs, detectMultiplier: 3 };
}

function keyOf({ sha1 }: BfdSpec): BfdKey | undefined {
  return sha1 && { kind: sha1.kind, id: 1, secret: Buffer.from(sha1.secret) };
}

function add(spec: BfdSpec): void {
  const peer = address(spec.peer);
  const isMultihop = spec.interface === undefined;
  const port = isMultihop ? BFD_PORT.multihop : BFD_PORT.singleHop;
  const path: BfdPath = { peer, interface: spec.interface, isMultihop };
  const local = spec.local === undefined ? undefined : address(spec.local);
  const { random } = Math;
  sender = openBfdSender({ peer, port, interface: spec.interface, local, random, onError: fail });
  const receiver = openBfdReceiver({
    ...{ family: familyOf(peer), port, interface: spec.interface, onError: fail },
    onPacket: (bytes, source) => speaker.received(bytes, { ...path, peer: source }),
  });
  const minimumTtl = isMultihop ? (spec.minimumTtl ?? 1) : NEIGHBOUR_TTL;
  receiver.accept([{ source: isMultihop ? peer : undefined, minimumTtl }]);
  const agreed = timers(spec.intervalMs, spec.transmitMs);
  const options = { ...agreed, passive: spec.passive === true, key: keyOf(spec) };
  speaker.add({ name: NAME, path, options, memory: spec.memory });
}

/** The event loop stands still, as where something computes for too long. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function look(): BfdLook {
  const session = speaker.session(NAME);
  return {
    state: session?.state,
    why: session?.why ?? '',
    detectionMs: session?.detectionMs ?? 0,
    ...{ events, memory, drops: Object.fromEntries(speaker.drops) },
  };
}

serve((message) => {
  const request = message as BfdRequest;
  if (request.do === 'add') add(request.spec);
  else if (request.do === 'configure') speaker.configure(NAME, timers(request.intervalMs));
  else if (request.do === 'shut-down') speaker.shutDown();
  else if (request.do === 'stall') stall(request.ms);
  return look();
});
