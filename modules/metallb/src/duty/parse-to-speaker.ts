import { SEGMENT_CONDITIONS } from '../api/conditions.ts';
import {
  type Fields,
  MalformedMessageError,
  parseMessage,
  readBoolean,
  readChoice,
  readHello,
  readInteger,
  readIp,
  readList,
  readMap,
  readNumber,
  readObject,
  readOptional,
  readText,
} from '../messages/parse-fields.ts';
import { parseMac } from '../net/mac.ts';
import type {
  Counter,
  IpCount,
  NodeConditionReport,
  PeerReport,
  Report,
  SegmentReport,
  ToSpeaker,
} from './messages.ts';

/** A dozen for each of hundreds of interfaces, and two for each peer there. */
const MAX_COUNTERS = 30_000;
const MAX_LABELS = 16;
const MAX_IP_COUNTS = 10_000;
const MAX_SEGMENTS = 5_000;
const MAX_PEERS = 5_000;

/** A message as the speaker received it, or why it is none. */
export function parseToSpeaker(value: unknown): ToSpeaker | MalformedMessageError {
  return parseMessage<ToSpeaker>(value, READERS);
}

const READERS = {
  hello: (fields: Fields): ToSpeaker => ({
    ...readHello(fields),
    incarnation: readText(fields['incarnation'], 'incarnation'),
  }),
  resync: (): ToSpeaker => ({ kind: 'resync' }),
  relist: (): ToSpeaker => ({ kind: 'relist' }),
  report: ({ report }: Fields): ToSpeaker => ({
    kind: 'report',
    report: readReport(readObject(report, 'report')),
  }),
};

function readReport(fields: Fields): Report {
  const type = readChoice(fields['type'], 'report.type', [
    'announced',
    'withdrawn',
    'conflict',
    'conflict-over',
    'condition',
    'counters',
    'ip-counts',
    'segments',
  ]);
  switch (type) {
    case 'announced':
      return readAnnounced(fields);
    case 'withdrawn':
      return { type, ...readPlace(fields), reason: readText(fields['reason'], 'reason') };
    case 'conflict':
      return {
        type,
        ...readPlace(fields),
        mac: readMac(fields['mac']),
        vetoed: readBoolean(fields['vetoed'], 'vetoed'),
      };
    case 'conflict-over':
      return { type, ...readPlace(fields) };
    case 'condition':
      return readCondition(fields);
    case 'counters': {
      const options = { limit: MAX_COUNTERS, read: readCounter };
      return { type, counters: readList(fields['counters'], 'counters', options) };
    }
    case 'ip-counts': {
      const options = { limit: MAX_IP_COUNTS, read: readIpCount };
      return { type, counts: readList(fields['counts'], 'counts', options) };
    }
    case 'segments': {
      const options = { limit: MAX_SEGMENTS, read: readSegment };
      return { type, segments: readList(fields['segments'], 'segments', options) };
    }
  }
}

function readPlace(fields: Fields) {
  return {
    ip: readIp(fields['ip'], 'ip'),
    interface: readText(fields['interface'], 'interface'),
  };
}

function readAnnounced(fields: Fields): Report {
  return {
    type: 'announced',
    ...readPlace(fields),
    sinceEpochMs: readNumber(fields['sinceEpochMs'], 'sinceEpochMs'),
    reason: readChoice(fields['reason'], 'reason', [
      'Assigned',
      'Takeover',
      'Handover',
      'Failback',
      'EndpointsMoved',
    ]),
    from: readOptional(fields['from'], 'from', readText),
    darkMs: readOptional(fields['darkMs'], 'darkMs', readNumber),
    recentMoves: readInteger(fields['recentMoves'], 'recentMoves'),
    unchanged: readBoolean(fields['unchanged'], 'unchanged'),
  };
}

function readCondition(fields: Fields): NodeConditionReport {
  return {
    type: 'condition',
    condition: readChoice(fields['condition'], 'condition', SEGMENT_CONDITIONS),
    interface: readText(fields['interface'], 'interface'),
    active: readBoolean(fields['active'], 'active'),
    message: readText(fields['message'], 'message'),
  };
}

function readCounter(value: unknown, what: string): Counter {
  const fields = readObject(value, what);
  return {
    name: readText(fields['name'], `${what}.name`),
    type: readChoice(fields['type'], `${what}.type`, ['counter', 'gauge']),
    labels: readMap(fields['labels'], `${what}.labels`, { limit: MAX_LABELS, read: readText }),
    value: readNumber(fields['value'], `${what}.value`),
  };
}

function readIpCount(value: unknown, what: string): IpCount {
  const fields = readObject(value, what);
  return {
    ip: readIp(fields['ip'], `${what}.ip`),
    answered: readInteger(fields['answered'], `${what}.answered`),
    announced: readInteger(fields['announced'], `${what}.announced`),
  };
}

function readSegment(value: unknown, what: string): SegmentReport {
  const fields = readObject(value, what);
  return {
    interface: readText(fields['interface'], `${what}.interface`),
    state: readText(fields['state'], `${what}.state`),
    peers: readList(fields['peers'], `${what}.peers`, { limit: MAX_PEERS, read: readPeer }),
  };
}

function readPeer(value: unknown, what: string): PeerReport {
  const fields = readObject(value, what);
  return {
    node: readText(fields['node'], `${what}.node`),
    state: readText(fields['state'], `${what}.state`),
    lastHeardMsAgo: readNumber(fields['lastHeardMsAgo'], `${what}.lastHeardMsAgo`),
  };
}

function readMac(value: unknown) {
  const mac = parseMac(readText(value, 'mac'));
  if (mac === undefined) throw new MalformedMessageError('mac: expected an Ethernet address');
  return mac;
}
