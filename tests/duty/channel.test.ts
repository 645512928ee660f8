import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DutyTable } from '../../modules/metallb/src/duty/duty.ts';
import { diffTables } from '../../modules/metallb/src/duty/duty-table.ts';
import {
  DUTY_PROTOCOL_VERSION,
  MAX_CHANGES,
  type ToSpeaker,
  type ToWire,
} from '../../modules/metallb/src/duty/messages.ts';
import { parseToWire } from '../../modules/metallb/src/duty/parse-to-wire.ts';
import { DutyReceiver, type Received } from '../../modules/metallb/src/duty/receiver.ts';
import { DutySender, ProtocolMismatchError } from '../../modules/metallb/src/duty/sender.ts';
import { MalformedMessageError } from '../../modules/metallb/src/messages/parse-fields.ts';
import { dutyOf, dutyTable, plain } from '../support/duty-arbitraries.ts';

const INCARNATION = '0011223344556677';

/** Both ends and the lines that are under way to the wire. */
class Channel {
  readonly receiver = new DutyReceiver(INCARNATION);
  sender = new DutySender();
  underWay: ToWire[] = [];

  connect(): void {
    this.underWay = this.sender.connected();
    this.answer(this.receiver.connected());
  }
  restartSpeaker(): void {
    this.sender = new DutySender();
    this.connect();
  }
  update(table: DutyTable): void {
    this.sender.update(diffTables(this.sender.table, table));
    this.underWay.push(...this.sender.takeMessages());
  }
  answer(message: ToSpeaker): void {
    assert.is(this.sender.received(message), undefined);
    this.underWay.push(...this.sender.takeMessages());
  }
  /** The wire reads the next line, as JSON. */
  deliver(): Received | undefined {
    const message = this.underWay.shift();
    if (message === undefined) return undefined;
    const parsed = parseToWire(JSON.parse(JSON.stringify(message)));
    if (parsed instanceof MalformedMessageError) throw parsed;
    const received = this.receiver.receive(parsed);
    if (received.kind === 'answer') this.answer(received.message);
    return received;
  }
  settle(): void {
    while (this.deliver() !== undefined);
  }
}

type Step = ['update', DutyTable] | ['deliver' | 'lose' | 'reconnect' | 'restart-speaker'];
const step: fc.Arbitrary<Step> = fc.oneof(
  dutyTable.map((table): Step => ['update', table]),
  fc.constantFrom<Step>(['deliver'], ['deliver'], ['lose'], ['reconnect'], ['restart-speaker']),
);

function run(channel: Channel, [kind, table]: Step): void {
  if (kind === 'update') channel.update(table);
  else if (kind === 'deliver') channel.deliver();
  else if (kind === 'lose') channel.underWay.shift();
  else if (kind === 'reconnect') channel.connect();
  else channel.restartSpeaker();
}

test('whatever is lost or restarted, the next difference that arrives brings the wire level', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), dutyTable, (steps, last) => {
      const channel = new Channel();
      channel.connect();
      for (const each of steps) run(channel, each);
      channel.settle();
      // Two updates, so that at least one difference follows whatever was lost.
      channel.update({ ...last, revision: last.revision + 1 });
      channel.update(last);
      channel.settle();
      assert.equal(plain(channel.receiver.table), plain(last));
    }),
    { numRuns: 300 },
  );
});

test('a whole table that was asked for and is lost is asked for again', () => {
  const receiver = new DutyReceiver(INCARNATION);
  receiver.connected();
  const kinds = [
    receiver.receive({ kind: 'table-complete', number: 2 }),
    receiver.receive({ kind: 'table-complete', number: 4 }),
    receiver.receive({ kind: 'difference', number: 7, changes: [] }),
    receiver.receive({ kind: 'difference', number: 8, changes: [] }),
  ].map(({ kind }) => kind);
  assert.equal(kinds, ['answer', 'answer', 'answer', 'waiting']);
});

test('the wire keeps its table until a new one is complete', () => {
  fc.assert(
    fc.property(dutyTable, dutyTable, (first, second) => {
      const channel = new Channel();
      channel.connect();
      channel.update(first);
      channel.settle();
      channel.restartSpeaker();
      channel.underWay = [];
      channel.sender.connected();
      channel.sender.update(diffTables(channel.sender.table, second));
      channel.answer(channel.receiver.connected());
      while (channel.underWay.length > 1) channel.deliver();
      assert.equal(plain(channel.receiver.table), plain(first));
      channel.settle();
      assert.equal(plain(channel.receiver.table), plain(second));
    }),
  );
});

test('a whole table that changes nothing touches nothing', () => {
  const channel = new Channel();
  channel.connect();
  channel.update(tableOf(3));
  channel.settle();
  channel.connect();
  channel.underWay = channel.underWay.slice(-4);
  let last: Received | undefined;
  for (let next = channel.deliver(); next !== undefined; next = channel.deliver()) last = next;
  assert.is(last?.kind, 'applied');
  assert.is(last?.kind === 'applied' && last.touched.ips.size, 0);
});

test('no message carries more changes than allowed', () => {
  const sender = new DutySender();
  sender.connected();
  sender.received({ kind: 'hello', protocol: DUTY_PROTOCOL_VERSION, incarnation: INCARNATION });
  sender.takeMessages();
  sender.update(diffTables(sender.table, tableOf(2 * MAX_CHANGES + 1)));
  const sizes = sender.takeMessages().map((m) => (m.kind === 'difference' ? m.changes.length : 0));
  assert.equal(sizes, [MAX_CHANGES, MAX_CHANGES, 2]);
});

test('changes that wait for the socket replace each other', () => {
  const sender = new DutySender();
  sender.connected();
  sender.received({ kind: 'hello', protocol: DUTY_PROTOCOL_VERSION, incarnation: INCARNATION });
  sender.takeMessages();
  for (const preferredNode of ['n1', 'n2', 'n3']) {
    sender.update([{ set: 'duty', duty: dutyOf('192.0.2.1', { preferredNode }) }]);
  }
  const [message, ...more] = sender.takeMessages();
  assert.equal(more, []);
  assert.equal(message?.kind === 'difference' && message.changes, [
    { set: 'duty', duty: dutyOf('192.0.2.1', { preferredNode: 'n3' }) },
  ]);
});

test('nothing but hello is sent before the wire has said which protocol it speaks', () => {
  const sender = new DutySender();
  sender.update(diffTables(sender.table, tableOf(1)));
  assert.equal(sender.connected(), [{ kind: 'hello', protocol: DUTY_PROTOCOL_VERSION }]);
  assert.equal(sender.takeMessages(), []);
});

test('the speaker refuses a wire of another protocol version and sends it nothing', () => {
  const sender = new DutySender();
  sender.connected();
  const error = sender.received({ kind: 'hello', protocol: 99, incarnation: INCARNATION });
  assert.instance(error, ProtocolMismatchError);
  const versions = `the other end speaks duty protocol 99, this one ${DUTY_PROTOCOL_VERSION}`;
  assert.match(error?.message ?? '', versions);
  assert.equal(sender.takeMessages(), []);
});

test('the wire refuses a speaker of another protocol version', () => {
  const receiver = new DutyReceiver(INCARNATION);
  receiver.connected();
  assert.is(receiver.receive({ kind: 'hello', protocol: 99 }).kind, 'refused');
});

test('a gap asks for the whole table once', () => {
  const receiver = new DutyReceiver(INCARNATION);
  receiver.connected();
  const kinds = [
    receiver.receive({ kind: 'table-start', number: 1 }),
    receiver.receive({ kind: 'table-complete', number: 2 }),
    receiver.receive({ kind: 'difference', number: 4, changes: [] }),
    receiver.receive({ kind: 'difference', number: 5, changes: [] }),
    receiver.receive({ kind: 'table-start', number: 6 }),
    receiver.receive({ kind: 'table-complete', number: 7 }),
  ].map(({ kind }) => kind);
  assert.equal(kinds, ['waiting', 'applied', 'answer', 'waiting', 'waiting', 'applied']);
});

function tableOf(count: number): DutyTable {
  const duties = Array.from({ length: count }, (_, index) => {
    return dutyOf(`198.51.${index >> 8}.${index & 255}`);
  });
  return {
    duties: new Map(duties.map((duty) => [duty.ip, duty])),
    groups: new Map([['ingress', { id: 'ingress', interfaces: [], members: [] }]]),
    pools: [],
    draining: false,
    dataplaneFailed: false,
    reachability: {},
    revision: 0,
  };
}

test.run();
