import cap from 'cap';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import { Keyring } from '../../modules/metallb/src/liveness/keyring.ts';
import { type IpAddress, parseIp } from '../../modules/metallb/src/net/ip.ts';
import { type MacAddress, macFromBytes } from '../../modules/metallb/src/net/mac.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import {
  decodeHeartbeat,
  encodeHeartbeat,
  HEARTBEAT_PORT,
  type Heartbeat,
} from '../../modules/metallb/src/packet/heartbeat.ts';
import { readKeyFile } from '../../modules/metallb/src/settings/key-file.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import {
  heartbeatPath,
  unwrapHeartbeat,
  wrapHeartbeat,
} from '../../modules/metallb/src/wire/heartbeat-frame.ts';
import type { Burial, ChorusReport, ChorusRequest } from '../chorus.ts';
import { LAB_CLUSTER, LAB_GROUP } from '../heartbeat-frames.ts';
import { Voice } from '../voice.ts';
import { serve } from './serve.ts';

/**
 * Speaks for many nodes through one interface. What comes from a real node is decoded and verified once and heard by all;
 * what one of them says goes to the wire, and to the others without it.
 */
const [, , keyFile = '', ...names] = process.argv;

const MAC_PREFIX = [0x02, 0, 0, 0, 0x1e] as const;
const RING_BYTES = 16 * 1024 * 1024;
const OWN = 'ether[6:4] = 0x02000000 and ether[10] = 0x1e';
const FILTER = `not (${OWN}) and (udp dst port ${HEARTBEAT_PORT} or (arp and arp[6:2] = 2) or (icmp6 and ip6[40] = 136))`;
/** Nodes that are switched on together don't speak together. */
const START_EVERY_MS = 4;

const keys = readKeyFile(keyFile);
const keyring = new Keyring(keys, systemClock.now());
const macs = new Map(
  names.map((name, index) => [name, macFromBytes(Uint8Array.of(...MAC_PREFIX, index))]),
);
const voices = new Map<string, Voice>();
/** Voices that are silent now, with the real nodes that have noticed. */
const silent = new Map<string, { readonly voice: Voice; readonly noticedBy: Set<string> }>();
const announced = new Map<string, readonly IpAddress[]>();
let revision = 0;
let wakeAt = Number.POSITIVE_INFINITY;
let seen = nothingSeen();

const frameBuffer = Buffer.alloc(65_535);
const socket = new cap.Cap();
socket.open('eth0', FILTER, RING_BYTES, frameBuffer);
socket.on('packet', (length) => receive(frameBuffer.subarray(0, length)));

const ports = {
  ...{ clock: systemClock, keyring, say },
  send: (frame: Uint8Array) => socket.send(Buffer.from(frame)),
  ipsOf: (node: string) => announced.get(node) ?? [],
  revision: () => revision,
  buried: (node: string, by: string, afterMs: number) => seen.burials.push({ node, by, afterMs }),
};

function nothingSeen() {
  return { burials: [] as Burial[], heartbeats: 0, longestBytes: 0, stoodStillMs: 0 };
}

function say(heartbeat: Heartbeat, voice: Voice): void {
  const path = heartbeatPath(voice.link, LAB_GROUP);
  if (path === undefined) return;
  const bytes = encodeHeartbeat(heartbeat, keys);
  ports.send(wrapHeartbeat(bytes, path));
  seen.heartbeats += 1;
  seen.longestBytes = Math.max(seen.longestBytes, bytes.length);
  // Later, as on a wire: what is heard may be answered by a heartbeat at once.
  setImmediate(() => hear(bytes, voice.link.mac));
}

function hear(bytes: Uint8Array, from: MacAddress): Heartbeat | undefined {
  const heartbeat = decodeHeartbeat(bytes, LAB_CLUSTER, keys);
  if (typeof heartbeat === 'string') return undefined;
  const now = systemClock.now();
  for (const voice of voices.values()) {
    if (voice.node !== heartbeat.node) voice.hear(heartbeat, from, now);
  }
  return heartbeat;
}

function receive(bytes: Uint8Array): void {
  const frame = decodeEthernet(bytes);
  const payload = unwrapHeartbeat(frame);
  if (payload !== undefined) return heardReal(payload, frame.source);
  const claim = classifyClaim(frame);
  const asker = [...voices.values()].find(({ link }) => link.mac === frame.destination);
  if (claim !== undefined) asker?.answered(claim, systemClock.now());
}

function heardReal(payload: Uint8Array, from: MacAddress): void {
  const heartbeat = hear(payload, from);
  if (heartbeat === undefined) return;
  seen.heartbeats += 1;
  revision = Math.max(revision, heartbeat.revision);
  for (const { voice, noticedBy } of silent.values()) {
    if (noticedBy.has(heartbeat.node) || heartbeat.heard.includes(voice.incarnation)) continue;
    noticedBy.add(heartbeat.node);
    ports.buried(voice.node, heartbeat.node, systemClock.now() - voice.lastSaidAt);
  }
}

/** As in the node program: what is due is said at once, who is overdue is judged once queued frames were read. */
function turn(): void {
  const now = systemClock.now();
  seen.stoodStillMs = Math.max(seen.stoodStillMs, now - wakeAt);
  for (const voice of voices.values()) voice.sendDue(now);
  setImmediate(() => setImmediate(judge));
}

function judge(): void {
  const now = systemClock.now();
  for (const voice of voices.values()) if (voice.isDue(now)) voice.judge(now);
  const deadlines = [...voices.values()].map((voice) => voice.nextDeadline(now));
  wakeAt = Math.max(now + 1, Math.min(now + 50, ...deadlines));
  setTimeout(turn, wakeAt - now);
}

function speak(node: string): void {
  const mac = macs.get(node);
  if (mac === undefined) throw new Error(`no voice ${node}`);
  silent.delete(node);
  voices.set(node, new Voice(node, mac, ports));
}

function silence(node: string): void {
  const voice = voices.get(node);
  if (voice === undefined) throw new Error(`${node} is silent`);
  voices.delete(node);
  silent.set(node, { voice, noticedBy: new Set() });
}

function learnAnnouncers(ips: Readonly<Record<string, readonly string[]>>): void {
  announced.clear();
  for (const [node, theirs] of Object.entries(ips)) {
    announced.set(
      node,
      theirs.map(parseIp).filter((ip) => ip !== undefined),
    );
  }
}

function report(): ChorusReport {
  const counts = [...voices.values()].map((voice) => voice.counted);
  const counted = { fewest: Math.min(...counts), most: Math.max(...counts) };
  const told = { ...seen, counted };
  seen = nothingSeen();
  return told;
}

serve((message) => {
  const request = message as ChorusRequest;
  switch (request.do) {
    case 'report':
      return report();
    case 'silence':
      return silence(request.node);
    case 'speak':
      return speak(request.node);
    case 'announcers':
      return learnAnnouncers(request.ips);
  }
});

for (const [index, name] of names.entries()) setTimeout(() => speak(name), index * START_EVERY_MS);
judge();
