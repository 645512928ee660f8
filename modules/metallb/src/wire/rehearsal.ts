import { probe } from '../layer2/announcement.ts';
import { type IpAddress, ipFromBytes } from '../net/ip.ts';
import { macFromBytes } from '../net/mac.ts';
import { heartbeatKey } from '../packet/heartbeat.ts';
import { ALL_NODES } from '../packet/ndp.ts';
import { Counters } from './counters.ts';
import { Segment } from './segment.ts';
import type { SegmentOptions, SegmentPorts } from './segment-options.ts';

const OWN = macFromBytes(Uint8Array.of(2, 0, 0, 0, 0, 1));
const CLIENT = macFromBytes(Uint8Array.of(2, 0, 0, 0, 0, 2));
// RFC 5737 and RFC 3849: addresses that no network has.
const IPV4 = ipFromBytes(Uint8Array.of(192, 0, 2, 1));
const IPV6 = ipFromBytes(Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

/**
 * Resumes two IPs and answers for them once, on a network that does not exist. Code is compiled when it first runs; a
 * spare process that has rehearsed answers a real question some 20 ms earlier.
 * @returns the frames that would have been sent
 */
export function rehearse(): Uint8Array[] {
  const sent: Uint8Array[] = [];
  const link = { name: 'rehearsal', mac: OWN, addresses: [], linkLocal: undefined, subnets: [] };
  const segment = new Segment(link, portsTo(sent), OPTIONS, {
    announced: [IPV4, IPV6],
    failedGates: { dataplane: false, reachability: false },
  });
  for (const ip of [IPV4, IPV6]) segment.receive(probe(ip, CLIENT));
  segment.stop();
  return sent;
}

const OPTIONS: SegmentOptions = {
  ...{ node: 'rehearsal', cluster: 'rehearsal' },
  keys: [heartbeatKey(new Uint8Array(32))],
  ...{ heartbeatGroup: ALL_NODES, heartbeatIntervalMs: 100, heartbeatMultiplier: 3 },
  ...{ holdDownMs: 0, holdDownMaxMs: 0, restartGraceMs: 0 },
  dutyWaitMs: 0,
  ...{ announcePerSecond: 1_000, backgroundPerSecond: 500, excludeInterfaces: [] },
};

function portsTo(sent: Uint8Array[]): SegmentPorts {
  const duties = new Map<IpAddress, never>();
  const nothing = () => undefined;
  return {
    clock: { now: () => 0, epochMs: () => 0, after: () => ({ cancel: nothing }) },
    counters: new Counters(),
    random: () => 0,
    randomBytes: (length) => new Uint8Array(length),
    send: (frame) => void sent.push(frame),
    table: () => ({
      duties,
      groups: new Map(),
      pools: [],
      draining: false,
      dataplaneFailed: false,
      reachability: {},
      revision: 0,
    }),
    knowsDuties: () => false,
    digestOf: () => '',
    afterQueuedFrames: (run) => run(),
    ...{ join: nothing, leave: nothing, report: nothing, relist: nothing, keepAnnounced: nothing },
    ...{ log: nothing, keepGates: nothing },
    ...{ keptReturns: () => undefined, keepReturns: nothing },
  };
}
