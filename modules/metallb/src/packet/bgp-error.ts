import { MalformedPacketError } from './malformed.ts';

/** NOTIFICATION of RFC 4271 §4.5: why a session ends. */
export interface BgpNotification {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

const NO_DATA = new Uint8Array();

/** Bytes of a peer that end the session, and the NOTIFICATION that tells it why. */
export class BgpError extends MalformedPacketError {
  readonly notification: BgpNotification;

  constructor([code, subcode]: BgpReason, where: string, data: Uint8Array = NO_DATA) {
    super('BGP message', where);
    this.name = 'BgpError';
    this.notification = { code, subcode, data };
  }
}

/** Code and subcode. */
export type BgpReason = readonly [code: number, subcode: number];

/** Those that this module sends, by what they are about. */
export const BGP_REASON = {
  notSynchronized: [1, 1],
  badLength: [1, 2],
  badType: [1, 3],
  unsupportedVersion: [2, 1],
  badPeerAs: [2, 2],
  badIdentifier: [2, 3],
  unsupportedParameter: [2, 4],
  unacceptableHoldTime: [2, 6],
  unsupportedCapability: [2, 7],
  roleMismatch: [2, 11],
  malformedAttributes: [3, 1],
  invalidNetworkField: [3, 10],
  holdTimerExpired: [4, 0],
  unexpectedInOpenSent: [5, 1],
  unexpectedInOpenConfirm: [5, 2],
  unexpectedInEstablished: [5, 3],
  administrativeShutdown: [6, 2],
  peerDeconfigured: [6, 3],
  administrativeReset: [6, 4],
  connectionRejected: [6, 5],
  otherConfigurationChange: [6, 6],
  collisionResolution: [6, 7],
  hardReset: [6, 9],
  bfdDown: [6, 10],
  routeRefreshLength: [7, 1],
  sendHoldTimerExpired: [8, 0],
} as const satisfies Readonly<Record<string, BgpReason>>;

/** Names of RFC 4271 §6, 4486, 6608, 7313, 8538, 9234, 9384 and 9687. */
const CODES: Readonly<
  Record<number, { readonly name: string; readonly subcodes: readonly string[] }>
> = {
  1: {
    name: 'Message Header Error',
    subcodes: ['', 'Connection Not Synchronized', 'Bad Message Length', 'Bad Message Type'],
  },
  2: {
    name: 'OPEN Message Error',
    subcodes: [
      ...['', 'Unsupported Version Number', 'Bad Peer AS', 'Bad BGP Identifier'],
      ...['Unsupported Optional Parameter', '', 'Unacceptable Hold Time'],
      ...['Unsupported Capability', '', '', '', 'Role Mismatch'],
    ],
  },
  3: {
    name: 'UPDATE Message Error',
    subcodes: [
      ...['', 'Malformed Attribute List', 'Unrecognized Well-known Attribute'],
      ...['Missing Well-known Attribute', 'Attribute Flags Error', 'Attribute Length Error'],
      ...['Invalid ORIGIN Attribute', '', 'Invalid NEXT_HOP Attribute'],
      ...['Optional Attribute Error', 'Invalid Network Field', 'Malformed AS_PATH'],
    ],
  },
  4: { name: 'Hold Timer Expired', subcodes: [] },
  5: {
    name: 'Finite State Machine Error',
    subcodes: ['', 'in OpenSent', 'in OpenConfirm', 'in Established'],
  },
  6: {
    name: 'Cease',
    subcodes: [
      ...['', 'Maximum Number of Prefixes Reached', 'Administrative Shutdown'],
      ...['Peer De-configured', 'Administrative Reset', 'Connection Rejected'],
      ...['Other Configuration Change', 'Connection Collision Resolution'],
      ...['Out of Resources', 'Hard Reset', 'BFD Down'],
    ],
  },
  7: { name: 'ROUTE-REFRESH Message Error', subcodes: ['', 'Invalid Message Length'] },
  8: { name: 'Send Hold Timer Expired', subcodes: [] },
};

/** RFC 9003: what a person wrote, in at most this many bytes of UTF-8. */
const MAX_COMMUNICATION_BYTES = 255;
const CEASE = 6;
const WITH_COMMUNICATION: ReadonlySet<number> = new Set([2, 4]);

/** A NOTIFICATION of this reason. */
export function notificationOf(
  [code, subcode]: BgpReason,
  data: Uint8Array = NO_DATA,
): BgpNotification {
  return { code, subcode, data };
}

/** Administrative Shutdown or Reset with a message for the people at the other end (RFC 9003). */
export function ceaseWith(reason: BgpReason, message: string): BgpNotification {
  let kept = '';
  // A character that is cut in two is none.
  for (const character of message) {
    if (Buffer.byteLength(kept + character) > MAX_COMMUNICATION_BYTES) break;
    kept += character;
  }
  const text = Buffer.from(kept, 'utf8');
  return notificationOf(reason, Uint8Array.from([text.length, ...text]));
}

/** In words, such as `Cease: Administrative Shutdown, "maintenance until 14:00"`. */
export function describeNotification({ code, subcode, data }: BgpNotification): string {
  const known = CODES[code];
  if (known === undefined) return `error code ${code}, subcode ${subcode}`;
  const detail = known.subcodes[subcode] || (subcode === 0 ? '' : `subcode ${subcode}`);
  const message = communicationOf({ code, subcode, data });
  return [
    detail === '' ? known.name : `${known.name}: ${detail}`,
    ...(message === undefined ? [] : [JSON.stringify(message)]),
  ].join(', ');
}

/** What can't be read as RFC 9003 has it is no message; a peer that predates it sends none. */
function communicationOf({ code, subcode, data }: BgpNotification): string | undefined {
  if (code !== CEASE || !WITH_COMMUNICATION.has(subcode)) return undefined;
  const [length = 0] = data;
  if (length === 0 || data.length < length + 1) return undefined;
  return Buffer.from(data.subarray(1, length + 1)).toString('utf8');
}
