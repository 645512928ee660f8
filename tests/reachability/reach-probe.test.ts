import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { familyOf, type IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { internetChecksum } from '../../modules/metallb/src/packet/checksum.ts';
import type { EchoOutcome } from '../../modules/metallb/src/reachability/echo-slot.ts';
import {
  type EchoRequest,
  ReachProbe,
  type Target,
} from '../../modules/metallb/src/reachability/reach-probe.ts';
import { ip } from '../support/addresses.ts';

const A = '192.0.2.1';
const B = '2001:db8::1';

/** A probe of some targets, and a network that answers for those that are in reach. */
class Fixture {
  readonly probe: ReachProbe;
  targets: readonly Target[];
  readonly reachable = new Set<string>();
  readonly counts: Record<EchoOutcome, number> = { sent: 0, answered: 0, late: 0, refused: 0 };
  #random = 0;

  constructor(targets: readonly Target[], quorum = 1, [failures, successes] = [3, 3]) {
    this.probe = new ReachProbe(
      { quorum, thresholds: { failures, successes } },
      {
        randomBytes: (length) => Uint8Array.from({ length }, () => this.#nextByte()),
        onOutcome: (outcome) => {
          this.counts[outcome] += 1;
        },
      },
    );
    this.targets = targets;
  }

  nextRound(): EchoRequest[] {
    return this.probe.nextRound(this.targets);
  }

  #nextByte(): number {
    this.#random = (this.#random + 1) & 0xff;
    return this.#random;
  }

  /** @param rounds `+` answered, `-` not. @returns what is known after each: Reached, Doubtful or Lost */
  play(rounds: string): string {
    const told: string[] = [];
    for (const round of rounds) {
      const requests = this.nextRound();
      // The verdict on a round comes with the next one.
      told.push(this.probe.reach.slice(0, 1).toUpperCase());
      if (round === '+') for (const request of requests) this.answer(request);
    }
    this.nextRound();
    told.push(this.probe.reach.slice(0, 1).toUpperCase());
    return told.slice(1).join('');
  }

  round(): void {
    for (const request of this.nextRound()) {
      if (this.reachable.has(request.to)) this.answer(request);
    }
  }

  rounds(count: number): void {
    for (let index = 0; index < count; index += 1) this.round();
  }

  answer(request: EchoRequest, source: IpAddress = request.to): void {
    this.probe.receive(source, replyTo(request));
  }
}

function target(...addresses: readonly string[]): Target {
  return { name: addresses.join(), addresses: addresses.map(ip) };
}

function replyTo({ to, message }: EchoRequest): Uint8Array {
  const reply = Uint8Array.from(message);
  const isIpv4 = familyOf(to) === 'IPv4';
  reply[0] = isIpv4 ? 0 : 129;
  return isIpv4 ? summed(reply) : reply;
}

function summed(message: Uint8Array): Uint8Array {
  message[2] = 0;
  message[3] = 0;
  const sum = internetChecksum(message);
  message[2] = sum >>> 8;
  message[3] = sum;
  return message;
}

const histories: [name: string, rounds: string, told: string][] = [
  ['answers from the start', '++++', 'DDRR'],
  ['never answers', '----', 'DDLL'],
  ['loses one packet in three', '+++-++-++', 'DDRDRRDRR'],
  ['is gone', '+++---', 'DDRDDL'],
  ['comes back', '---+++', 'DDLDDR'],
  ['comes back and goes again', '---++-++-+++', 'DDLDDLDDLDDR'],
];
for (const address of [A, B]) {
  for (const [name, rounds, told] of histories) {
    test(`${address} ${name}: ${rounds}`, () => {
      assert.is(new Fixture([target(address)]).play(rounds), told);
    });
  }
}

test('it fails from the moment that a target is lost until it is reached', () => {
  const fixture = new Fixture([target(A)]);
  const told = [...'+++---+-++++'].map((round) => {
    if (round === '+') fixture.reachable.add(A);
    else fixture.reachable.delete(A);
    fixture.round();
    return fixture.probe.failed ? 'F' : '-';
  });
  assert.is(told.join(''), '------FFFFF-', 'the verdict on a round comes with the next one');
});

const quorums: [quorum: number, reachable: readonly string[], reach: string][] = [
  [1, [A, B], 'reached'],
  [1, [B], 'reached'],
  [1, [], 'lost'],
  [2, [A, B], 'reached'],
  [2, [A], 'lost'],
  [2, [], 'lost'],
];
for (const [quorum, reachable, reach] of quorums) {
  test(`of two targets ${reachable.length} answer and ${quorum} must: ${reach}`, () => {
    const fixture = new Fixture([target(A), target(B)], quorum);
    for (const one of reachable) fixture.reachable.add(one);
    fixture.rounds(5);
    assert.is(fixture.probe.reach, reach);
    const silent = fixture.probe.silent.map(({ name }) => name);
    assert.equal(
      silent,
      [A, B].filter((one) => !reachable.includes(one)),
    );
  });
}

test('one answer of any of its addresses counts for a target', () => {
  const fixture = new Fixture([target(A, B)]);
  fixture.reachable.add(B);
  fixture.rounds(5);
  assert.is(fixture.probe.reach, 'reached');
});

test('a target without an address does not answer', () => {
  const fixture = new Fixture([{ name: 'gateway', addresses: [] }]);
  fixture.rounds(5);
  assert.is(fixture.probe.reach, 'lost');
});

test('what is known of a target stays when its addresses change, and goes with the target', () => {
  const fixture = new Fixture([{ name: 'gateway', addresses: [ip(A)] }]);
  fixture.reachable.add(A).add(B);
  fixture.rounds(5);
  fixture.targets = [{ name: 'gateway', addresses: [ip(B)] }];
  fixture.rounds(2);
  assert.is(fixture.probe.reach, 'reached');
  fixture.targets = [target(B)];
  fixture.round();
  assert.is(fixture.probe.reach, 'doubtful');
});

test('a late answer does not count, and is told as such', () => {
  const fixture = new Fixture([target(A)]);
  const [first] = fixture.nextRound();
  fixture.nextRound();
  assert.ok(first);
  fixture.answer(first);
  assert.equal(fixture.counts, { sent: 2, answered: 0, late: 1, refused: 0 });
  fixture.answer(first);
  assert.is(fixture.counts.refused, 1, 'the same again');
  fixture.rounds(3);
  assert.is(fixture.probe.reach, 'lost');
});

const forgeries: [name: string, forge: (fixture: Fixture, request: EchoRequest) => void][] = [
  ['from another host', (fixture, request) => fixture.answer(request, ip('192.0.2.9'))],
  ['with another payload', (fixture, request) => changed(fixture, request, 10)],
  ['with another sequence', (fixture, request) => changed(fixture, request, 7)],
  [
    'twice',
    (fixture, request) => {
      fixture.answer(request);
      fixture.answer(request);
    },
  ],
];
for (const [name, forge] of forgeries) {
  test(`a reply ${name} is refused`, () => {
    const fixture = new Fixture([target(A)]);
    const [request] = fixture.nextRound();
    assert.ok(request);
    forge(fixture, request);
    assert.is(fixture.counts.refused, 1);
  });
}

test('replies to others and what is no reply are not even counted', () => {
  const fixture = new Fixture([target(A)]);
  const [request] = fixture.nextRound();
  assert.ok(request);
  changed(fixture, request, 5);
  fixture.probe.receive(request.to, request.message);
  for (const length of [0, 1, 7, 8, 24]) fixture.probe.receive(ip(A), new Uint8Array(length));
  assert.equal(fixture.counts, { sent: 1, answered: 0, late: 0, refused: 0 });
});

function changed(fixture: Fixture, request: EchoRequest, at: number): void {
  const reply = replyTo(request);
  reply[at] = (reply[at] ?? 0) ^ 1;
  fixture.probe.receive(request.to, summed(reply));
}

test('sequences wrap', () => {
  const fixture = new Fixture([target(A)]);
  fixture.reachable.add(A);
  fixture.rounds(70_000);
  assert.is(fixture.probe.reach, 'reached');
  assert.is(fixture.counts.answered, 70_000);
});

test.run();
