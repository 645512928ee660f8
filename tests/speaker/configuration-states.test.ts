import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { ToldSession } from '../../modules/metallb/src/api/bgp-session-condition.ts';
import { ConfigurationStates } from '../../modules/metallb/src/speaker/configuration-states.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Operation } from '../../modules/metallb/src/store/store.ts';
import { FakeClock } from '../support/fake-clock.ts';

const UP: ToldSession = {
  ...{ peer: 'tor', neighbor: '172.16.1.1', prefixes: 2, why: '' },
  since: '2026-01-01T00:00:00Z',
};
const DOWN = { ...UP, prefixes: undefined, why: 'no answer', since: '2026-01-01T00:01:00Z' };
const UNUSED = { isUsed: false, problems: [] };

class Fixture {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly states: ConfigurationStates;
  writes = 0;

  constructor() {
    const { clock, store } = this;
    const write = async (operation: Operation) => {
      this.writes += 1;
      return await store.write(operation);
    };
    const counted = Object.assign(Object.create(store), { write });
    this.states = new ConfigurationStates('n1', {
      ...{ clock, store: counted, statusNamespace: 'metallb-system' },
    });
  }

  async tell(...sessions: readonly ToldSession[]): Promise<void> {
    this.writes = 0;
    await this.states.write({ ...UNUSED, sessions });
  }

  /** `type message since` */
  get said(): string[] {
    const name = 'speaker-n1';
    const object = this.store.get({
      kind: 'ConfigurationState',
      namespace: 'metallb-system',
      name,
    });
    return listAt(object?.status, 'conditions')
      .map((one) => ['type', 'message', 'lastTransitionTime'].map((field) => valueAt(one, field)))
      .map((texts) => texts.join(' '))
      .filter((text) => text.startsWith('bgp.'));
  }
}

const TYPE = 'bgp.network.deckhouse.io/tor';

test('a node tells of its sessions where nothing else is told, and when one goes', async () => {
  const fixture = new Fixture();
  await fixture.tell();
  assert.is(fixture.writes, 0, 'nobody uses BGP');
  await fixture.tell(UP);
  assert.equal(fixture.said, [`${TYPE} 172.16.1.1: 2 prefixes 2026-01-01T00:00:00Z`]);
  await fixture.tell(DOWN);
  assert.equal(fixture.said, [`${TYPE} 172.16.1.1: no answer 2026-01-01T00:01:00Z`]);
  await fixture.tell();
  assert.equal(fixture.said, []);
});

test('what is counted is told every half minute at most, what stands at once', async () => {
  const fixture = new Fixture();
  await fixture.tell(UP);
  await fixture.tell(UP);
  assert.is(fixture.writes, 0, 'it is told already');
  fixture.clock.advance(29_000);
  await fixture.tell({ ...UP, prefixes: 3 });
  assert.is(fixture.writes, 0, 'prefixes come and go with each Service');
  fixture.clock.advance(1_000);
  await fixture.tell({ ...UP, prefixes: 4 });
  assert.equal(fixture.said, [`${TYPE} 172.16.1.1: 4 prefixes 2026-01-01T00:00:00Z`]);
  await fixture.tell(DOWN);
  assert.match(fixture.said.join(), 'no answer');
});

test.run();
