import { deepStrictEqual, ok } from 'node:assert';
import {
  parseFromBfdd,
  parseKeptSession,
  parseToBfdd,
} from '../../../modules/metallb/src/bfd/parse-messages.ts';
import { parseToSpeaker } from '../../../modules/metallb/src/duty/parse-to-speaker.ts';
import { parseToWire } from '../../../modules/metallb/src/duty/parse-to-wire.ts';
import { LineSplitter } from '../../../modules/metallb/src/linux/line-splitter.ts';
import { MalformedMessageError } from '../../../modules/metallb/src/messages/parse-fields.ts';
import {
  formatLastKnownGood,
  parseLastKnownGood,
  UnusableStateError,
} from '../../../modules/metallb/src/speaker/last-known-good.ts';
import { parseResumeState } from '../../../modules/metallb/src/wire/restart-memory.ts';
import { dutyOf } from '../../support/duty-arbitraries.ts';
import { accepted, jsonTarget, type Target, textTarget } from '../target.ts';

const MAX_LINE = 64;
const GROUP = {
  id: 'ingress',
  interfaces: ['eth0'],
  members: [{ node: 'n1', excluded: false, ready: 'not-ready' }],
} as const;
const DUTY = dutyOf('192.0.2.10', { localEndpoints: { n1: 0, n2: 1 }, lastAnnouncer: 'n2' });
const CHANGES = [
  { set: 'duty', duty: DUTY },
  { set: 'group', group: GROUP },
  { set: 'pools', pools: ['192.0.2.0-192.0.2.255'] },
  { set: 'draining', draining: true },
  { set: 'dataplane', failed: true },
  { set: 'revision', revision: 12 },
  { unset: 'duty', ip: '2001:db8::10' },
  { unset: 'group', id: 'ingress' },
];
const PLACE = { ip: '192.0.2.10', interface: 'eth0' };
const SEGMENT = {
  ...{ interface: 'eth0', state: 'eligible' },
  peers: [{ node: 'n2', state: 'eligible', lastHeardMsAgo: 12.5 }],
};
const COUNTER = { name: 'replies_total', type: 'counter', labels: { protocol: 'arp' }, value: 3 };
const REPORTS = [
  {
    ...{ type: 'announced', ...PLACE, sinceEpochMs: 1_700_000_000_000, reason: 'Takeover' },
    ...{ from: 'n1', darkMs: 212.5, recentMoves: 1, unchanged: false },
  },
  { type: 'withdrawn', ...PLACE, reason: 'conflict' },
  { type: 'conflict', ...PLACE, mac: '02:00:00:00:00:09', vetoed: true },
  { type: 'conflict-over', ...PLACE },
  { type: 'condition', condition: 'Deaf', interface: 'eth0', active: true, message: 'x' },
  { type: 'counters', counters: [COUNTER] },
  { type: 'ip-counts', counts: [{ ip: '192.0.2.10', answered: 3, announced: 1 }] },
  { type: 'segments', segments: [SEGMENT] },
];

/** What was understood is understood again as it would be sent. */
function checkMessage(parse: (value: unknown) => unknown): (value: unknown) => void {
  return (value) => {
    const message = parse(value);
    if (message instanceof MalformedMessageError) return;
    const sent = JSON.stringify(message);
    deepStrictEqual(JSON.stringify(parse(JSON.parse(sent))), sent);
  };
}

/** However the text is cut, the lines are the same; the first character says how. */
function checkLines(text: string): void {
  const splitter = new LineSplitter(MAX_LINE);
  const step = 1 + (text.charCodeAt(0) % 7);
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += step) {
    const more = accepted(() => splitter.push(text.slice(at, at + step)), RangeError);
    if (more === undefined) {
      ok(text.split('\n').some((line) => line.length > MAX_LINE));
      return;
    }
    lines.push(...more);
  }
  deepStrictEqual(lines, text.split('\n').slice(0, -1));
}

function checkState(text: string): void {
  const read = (content: string) => parseLastKnownGood(content, 'last-known-good.json');
  const state = accepted(() => read(text), UnusableStateError);
  if (state === undefined) return;
  // The objects are kept as they are, however deep.
  const written = formatLastKnownGood({ ...state, objects: [] });
  deepStrictEqual(formatLastKnownGood(read(written)), written);
}

const STATE = formatLastKnownGood({
  ...{ node: 'n1', installation: { clusterId: 'c', keyIds: ['aaaaaaaa'] }, bootId: 'b' },
  ...{ writtenEpochMs: 1_700_000_000_000, objects: [{ kind: 'x' }] },
  table: {
    duties: new Map([[DUTY.ip, DUTY]]),
    groups: new Map([[GROUP.id, GROUP]]),
    ...{ pools: ['192.0.2.0-192.0.2.255'], draining: false, revision: 7 },
    ...{ dataplaneFailed: false, reachability: {} },
  },
  bgp: {
    ...{ labels: { role: 'edge' }, internalIps: [DUTY.ip] },
    routes: new Map([
      [
        DUTY.ip,
        [
          {
            ...{ name: 'ns/spine', aggregationLength: { IPv4: 32, IPv6: 128 }, localPref: 100 },
            communities: [
              { kind: 'standard', value: 1 },
              { kind: 'large', value: [64_500, 1, 2] },
            ],
            peers: new Set(['tor']),
          },
        ],
      ],
    ]),
  },
});

const BFD_SESSION = {
  ...{ name: 'neighbour 192.0.2.1', peer: '192.0.2.1', isMultihop: false, minimumTtl: 254 },
  ...{ timers: { desiredMinTxMs: 300, requiredMinRxMs: 300, detectMultiplier: 3 } },
  ...{ passive: false, key: { kind: 'keyed-sha1', id: 1, secret: 'eA==' } },
};
const KEPT_BFD_SESSION = {
  ...{ wanted: BFD_SESSION, sourcePort: 50_000 },
  memory: {
    ...{ discriminator: 1, remoteDiscriminator: 2, desiredMinTxMs: 300, requiredMinRxMs: 300 },
    ...{ remote: BFD_SESSION.timers, sequence: 7 },
  },
};

const RESUMED = {
  pools: ['192.0.2.0-192.0.2.255'],
  'interface eth0': {
    mac: '02:00:00:00:00:01',
    addresses: ['192.0.2.1', '2001:db8::1'],
    linkLocal: 'fe80::1',
  },
  'announced eth0 192.0.2.10': true,
};

export const MESSAGE_TARGETS: readonly Target[] = [
  jsonTarget({
    name: 'to-wire',
    seeds: [
      { kind: 'hello', protocol: 3 },
      { kind: 'table-start', number: 1 },
      { kind: 'difference', number: 2, changes: CHANGES },
      { kind: 'table-complete', number: 3 },
    ].map((message) => JSON.stringify(message)),
    check: checkMessage(parseToWire),
  }),
  jsonTarget({
    name: 'to-speaker',
    seeds: [
      { kind: 'hello', protocol: 3, incarnation: 'aa' },
      { kind: 'resync' },
      { kind: 'relist' },
      ...REPORTS.map((report) => ({ kind: 'report', report })),
    ].map((message) => JSON.stringify(message)),
    check: checkMessage(parseToSpeaker),
  }),
  jsonTarget({
    name: 'to-bfdd',
    seeds: [
      { kind: 'hello', protocol: 1 },
      { kind: 'sessions', sessions: [BFD_SESSION] },
    ].map((message) => JSON.stringify(message)),
    check: checkMessage(parseToBfdd),
  }),
  jsonTarget({
    name: 'from-bfdd',
    seeds: [
      { kind: 'hello', protocol: 1 },
      { kind: 'standing', name: BFD_SESSION.name, standing: 'Down', why: 'nothing came' },
    ].map((message) => JSON.stringify(message)),
    check: checkMessage(parseFromBfdd),
  }),
  jsonTarget({
    name: 'kept-bfd-session',
    seeds: [JSON.stringify(KEPT_BFD_SESSION)],
    check: checkMessage(parseKeptSession),
  }),
  jsonTarget({
    name: 'resume',
    seeds: [JSON.stringify(RESUMED)],
    check: (value) => void parseResumeState(value),
  }),
  textTarget({
    name: 'line-splitter',
    seeds: ['one\ntwo\n\nthree', `${'x'.repeat(MAX_LINE)}\n`],
    dictionary: ['\n', '\n\n'],
    check: checkLines,
  }),
  textTarget({ name: 'last-known-good', grammar: 'json', seeds: [STATE], check: checkState }),
];
