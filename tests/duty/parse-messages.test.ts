import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diffTables } from '../../modules/metallb/src/duty/duty-table.ts';
import { MAX_CHANGES } from '../../modules/metallb/src/duty/messages.ts';
import { parseToSpeaker } from '../../modules/metallb/src/duty/parse-to-speaker.ts';
import { parseToWire } from '../../modules/metallb/src/duty/parse-to-wire.ts';
import { MalformedMessageError } from '../../modules/metallb/src/messages/parse-fields.ts';
import { dutyOf, dutyTable } from '../support/duty-arbitraries.ts';

const place = { ip: '192.0.2.1', interface: 'eth0' };
const counter = {
  name: 'arp_replies_total',
  type: 'counter',
  labels: { ip: '192.0.2.1' },
  value: 3,
};
const announced = {
  type: 'announced',
  ...place,
  sinceEpochMs: 1_700_000_000_000,
  reason: 'Takeover',
  from: 'n1',
  darkMs: 212.5,
  recentMoves: 1,
  unchanged: false,
};
const deaf = {
  type: 'condition',
  condition: 'Deaf',
  interface: 'eth0',
  active: true,
  message: 'x',
};
const segment = {
  interface: 'eth0',
  state: 'eligible',
  peers: [{ node: 'n2', state: 'eligible', lastHeardMsAgo: 12.5 }],
};

const toSpeaker: [string, unknown][] = [
  ['hello', { kind: 'hello', protocol: 1, incarnation: 'aa' }],
  ['resync', { kind: 'resync' }],
  ['relist', { kind: 'relist' }],
  ['an announcement', report(announced)],
  ['a withdrawal', report({ type: 'withdrawn', ...place, reason: 'conflict' })],
  ['a conflict', report({ type: 'conflict', ...place, mac: '02:00:00:00:00:09', vetoed: true })],
  ['the end of a conflict', report({ type: 'conflict-over', ...place })],
  ['a condition', report(deaf)],
  ['counters', report({ type: 'counters', counters: [counter] })],
  [
    'what was said of IPs',
    report({ type: 'ip-counts', counts: [{ ip: '192.0.2.1', answered: 3, announced: 1 }] }),
  ],
  ['segments', report({ type: 'segments', segments: [segment] })],
];
for (const [name, message] of toSpeaker) {
  test(`speaker reads ${name}`, () => assert.equal(parseToSpeaker(message), message));
}

test('an announcement by the first announcer names nobody before it', () => {
  const parsed = parseToSpeaker(report({ ...announced, from: undefined, darkMs: undefined }));
  assert.equal(parsed, report({ ...announced, from: undefined, darkMs: undefined }));
});

test('wire reads every difference between two tables as it was sent', () => {
  fc.assert(
    fc.property(dutyTable, dutyTable, (before, after) => {
      const message = { kind: 'difference', number: 3, changes: diffTables(before, after) };
      assert.equal(parseToWire(throughJson(message)), message);
    }),
  );
});

const malformedToWire: [string, unknown, RegExp][] = [
  ['a text', 'hello', /message: expected an object, got "hello"/],
  ['an unknown kind', { kind: 'bye' }, /kind: expected one of hello, table-start/],
  ['a fraction as number', { kind: 'table-start', number: 1.5 }, /number: expected an integer/],
  ['no changes', { kind: 'difference', number: 1 }, /changes: expected a list of at most 200/],
  [
    'too many changes',
    { kind: 'difference', number: 1, changes: new Array(MAX_CHANGES + 1).fill({ unset: 'x' }) },
    /changes: expected a list of at most 200/,
  ],
  ['an unknown change', change({ set: 'colour' }), /changes\[0\]\.set: expected one of duty/],
  ['an IP in another form', change({ unset: 'duty', ip: '2001:DB8::1' }), /canonical IP/],
  [
    'a duty with an endless name',
    change({ set: 'duty', duty: { ...dutyOf('192.0.2.1'), group: 'x'.repeat(2_000) } }),
    /duty\.group: expected a text of at most/,
  ],
  [
    'an endpoint of unknown rank',
    change({ set: 'duty', duty: { ...dutyOf('192.0.2.1'), localEndpoints: { n1: 2 } } }),
    /localEndpoints\.n1: expected one of 0, 1/,
  ],
];
for (const [name, message, expected] of malformedToWire) {
  test(`wire refuses ${name}`, () => {
    const error = parseToWire(message);
    assert.instance(error, MalformedMessageError);
    assert.match(error instanceof Error ? error.message : '', expected);
  });
}

const malformedToSpeaker: [string, unknown, RegExp][] = [
  ['an unknown report', report({ type: 'weather' }), /report\.type/],
  ['a bad MAC', report({ type: 'conflict', ...place, mac: 'x', vetoed: false }), /mac: expected/],
  ['a negative duration', report({ ...announced, darkMs: -1 }), /darkMs: expected a number/],
  [
    'half an answer',
    report({ type: 'ip-counts', counts: [{ ip: '192.0.2.1', answered: 0.5, announced: 0 }] }),
    /counts\[0\]\.answered: expected an integer/,
  ],
  [
    'an infinite counter',
    report({ type: 'counters', counters: [{ ...counter, value: null }] }),
    /value/,
  ],
];
for (const [name, message, expected] of malformedToSpeaker) {
  test(`speaker refuses ${name}`, () => {
    const error = parseToSpeaker(message);
    assert.instance(error, MalformedMessageError);
    assert.match(error instanceof Error ? error.message : '', expected);
  });
}

test('any JSON is either a message or malformed, for both ends', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.not.throws(() => parseToWire(value));
      assert.not.throws(() => parseToSpeaker(value));
      assert.not.throws(() => parseToWire(change(value)));
      assert.not.throws(() => parseToSpeaker(report(value)));
    }),
  );
});

function report(value: unknown): unknown {
  return { kind: 'report', report: value };
}

function change(value: unknown): unknown {
  return { kind: 'difference', number: 1, changes: [value] };
}

function throughJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test.run();
