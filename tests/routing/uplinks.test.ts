import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RouteAnswer } from '../../modules/metallb/src/linux/routes.ts';
import type { PeerSetup } from '../../modules/metallb/src/routing/peer-options.ts';
import { Uplinks } from '../../modules/metallb/src/routing/uplinks.ts';
import { ip } from '../support/addresses.ts';
import { FakeClock } from '../support/fake-clock.ts';

const out = (name: string): RouteAnswer => ({ kind: 'out', interface: name });

/** Routers and the routes to them, as a test has them. */
class Fixture {
  readonly clock = new FakeClock();
  readonly routes = new Map<string, RouteAnswer | Error>();
  readonly asked: string[][] = [];
  failures = 0;
  changes = 0;
  readonly uplinks = new Uplinks({
    clock: this.clock,
    lookUpRoutes: async (questions) => {
      this.asked.push(questions.map(({ to }) => to));
      return questions.map(({ to }) => {
        const answer = this.routes.get(to);
        if (answer instanceof Error) throw answer;
        return answer ?? { kind: 'refused', reason: 'Network is unreachable' };
      });
    },
    onChange: () => {
      this.changes += 1;
    },
    onFailure: () => {
      this.failures += 1;
    },
  });

  async set(...routers: readonly (readonly [name: string, address: string, at?: string])[]) {
    this.uplinks.setRouters(
      routers.map(
        ([routeName, address, at]) =>
          ({ routeName, options: { peer: { address: ip(address), interface: at } } }) as PeerSetup,
      ),
    );
    await settled();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
  }

  get shown(): string[] | undefined {
    return this.uplinks.all?.map(({ peer, interface: name }) => `${peer} ${name}`);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a router at a given interface is there, others where the kernel leads to', async () => {
  const fixture = new Fixture();
  fixture.routes.set('10.0.0.1', out('eth1'));
  const set = fixture.set(['spine', '10.0.0.1'], ['tor', 'fe80::1', 'eth0'], ['far', '10.9.9.9']);
  assert.is(fixture.shown, undefined, 'nobody has looked yet');
  await set;
  assert.equal(fixture.shown, ['spine eth1', 'tor eth0']);
  assert.equal(fixture.asked, [['10.0.0.1', '10.9.9.9']]);
  assert.is(fixture.changes, 1);
  fixture.uplinks.stop();
});

test('a route that changes is seen within half a minute, and told once', async () => {
  const fixture = new Fixture();
  fixture.routes.set('10.0.0.1', out('eth1'));
  await fixture.set(['spine', '10.0.0.1']);
  fixture.routes.set('10.0.0.1', out('eth2'));
  await fixture.pass(29_999);
  assert.equal(fixture.shown, ['spine eth1']);
  await fixture.pass(1);
  assert.equal([fixture.shown, fixture.changes], [['spine eth2'], 2]);
  await fixture.pass(30_000);
  assert.equal([fixture.asked.length, fixture.changes], [3, 2]);
  fixture.uplinks.stop();
  await fixture.pass(60_000);
  assert.is(fixture.asked.length, 3);
});

test('what can not be looked at is as it was, and a router that comes is looked for at once', async () => {
  const fixture = new Fixture();
  fixture.routes.set('10.0.0.1', out('eth1'));
  await fixture.set(['spine', '10.0.0.1']);
  fixture.routes.set('10.0.0.1', new Error('no ip command'));
  await fixture.set(['spine', '10.0.0.1'], ['leaf', '10.0.0.2']);
  assert.equal([fixture.shown, fixture.failures], [['spine eth1'], 1]);
  fixture.routes.set('10.0.0.1', out('eth1')).set('10.0.0.2', out('eth1'));
  await fixture.pass(30_000);
  assert.equal(fixture.shown, ['spine eth1', 'leaf eth1']);
  fixture.uplinks.stop();
});

test('a router that comes while others are looked for is looked for afterwards', async () => {
  const fixture = new Fixture();
  fixture.routes.set('10.0.0.1', out('eth1')).set('10.0.0.2', out('eth2'));
  const first = fixture.set(['spine', '10.0.0.1']);
  await Promise.all([first, fixture.set(['leaf', '10.0.0.2'])]);
  assert.is(fixture.shown, undefined);
  await fixture.pass(0);
  assert.equal(fixture.shown, ['leaf eth2']);
  fixture.uplinks.stop();
});

test.run();
