import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keepGuard } from '../../modules/metallb/src/cli/keep-guard.ts';
import type { GuardRule } from '../../modules/metallb/src/linux/loop-guard.ts';
import {
  parseServedPools,
  type ServedPools,
} from '../../modules/metallb/src/linux/served-pools.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { settled } from '../support/speaker-fixture.ts';

/** A kernel, and a speaker that serves what the test says. */
class Host {
  readonly clock = new FakeClock();
  readonly printed: string[] = [];
  readonly #stop = new AbortController();
  served: readonly ServedPools[] | Error | undefined;
  rules: readonly GuardRule[] = [];
  calls = 0;
  refusal: Error | undefined;
  readonly kept: Promise<void>;

  constructor() {
    const ports = {
      clock: this.clock,
      print: (line: string) => this.printed.push(line),
      readServed: () => {
        if (this.served instanceof Error) throw this.served;
        return this.served;
      },
      setRules: async (wanted: readonly GuardRule[]) => {
        this.calls += 1;
        if (this.refusal !== undefined) throw this.refusal;
        const before = this.rules.length;
        this.rules = wanted;
        return { added: wanted.length, removed: before };
      },
    };
    this.kept = keepGuard(ports, this.#stop.signal);
  }

  serve(...served: readonly (readonly [name: string, pool: string])[]): void {
    this.served = parseServedPools(
      served.map(([name, pool]) => ({ interface: name, pools: [pool] })),
    );
  }

  get guarded(): string[] {
    return this.rules.map((rule) => `${rule.interface} ${rule.to}`);
  }

  async pass(seconds: number): Promise<void> {
    await settled();
    for (let second = 0; second < seconds; second += 1) {
      this.clock.advance(1_000);
      await settled();
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.kept;
  }
}

test('rules follow what is served, and are gone at the end', async () => {
  const host = new Host();
  await host.pass(5);
  assert.is(host.calls, 0, 'rules of before stay until the speaker has spoken');
  host.serve(['eth0', '192.0.2.0/24']);
  await host.pass(1);
  assert.equal(host.guarded, ['eth0 192.0.2.0/24']);
  host.serve(['eth0', '192.0.2.0/24'], ['eth1', '2001:db8::/64']);
  await host.pass(1);
  assert.equal(host.guarded, ['eth0 192.0.2.0/24', 'eth1 2001:db8::/64']);
  host.serve();
  await host.pass(1);
  assert.equal(host.guarded, []);
  host.serve(['eth0', '192.0.2.0/24']);
  await host.pass(1);
  await host.stop();
  assert.equal(host.guarded, []);
  assert.equal(host.printed, [
    '1 rules added, 0 removed; guarded: eth0 192.0.2.0-192.0.2.255',
    '2 rules added, 1 removed; guarded: eth0 192.0.2.0-192.0.2.255, eth1 2001:db8::-2001:db8::ffff:ffff:ffff:ffff',
    '0 rules added, 2 removed; guarded: nothing',
    '1 rules added, 0 removed; guarded: eth0 192.0.2.0-192.0.2.255',
    '1 rules removed',
  ]);
});

test('rules that somebody else has removed are back within half a minute, and the kernel is asked no oftener', async () => {
  const host = new Host();
  host.serve(['eth0', '192.0.2.0/24']);
  await host.pass(2);
  host.rules = [];
  await host.pass(30);
  assert.equal(host.guarded, ['eth0 192.0.2.0/24']);
  assert.is(host.calls, 2);
  await host.stop();
});

test('what fails is told once, and tried until it does not fail', async () => {
  const host = new Host();
  host.serve(['eth0', '192.0.2.0/24']);
  host.refusal = new Error('ip rule add: Operation not permitted');
  await host.pass(10);
  host.refusal = undefined;
  await host.pass(1);
  assert.equal(host.guarded, ['eth0 192.0.2.0/24']);
  host.served = new SyntaxError('half a file');
  await host.pass(10);
  assert.equal(host.guarded, ['eth0 192.0.2.0/24'], 'rules stay');
  assert.equal(host.printed, [
    'not guarded: ip rule add: Operation not permitted',
    '1 rules added, 0 removed; guarded: eth0 192.0.2.0-192.0.2.255',
    'not guarded: half a file',
  ]);
  host.refusal = new Error('gone');
  const failure = await host.stop().catch((error: unknown) => error);
  assert.is(failure, host.refusal, 'who can not clean up says so');
});

test('after a failure nobody knows what is in force: the kernel is asked, also for what was there before', async () => {
  const host = new Host();
  host.serve(['eth0', '192.0.2.0/24']);
  await host.pass(1);
  host.refusal = new Error('half of the rules are there');
  host.serve(['eth1', '192.0.2.0/24']);
  await host.pass(1);
  host.refusal = undefined;
  host.serve(['eth0', '192.0.2.0/24']);
  await host.pass(1);
  assert.is(host.calls, 3);
  await host.stop();
});

test.run();
