import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Heartbeat } from '../../modules/metallb/src/packet/heartbeat.ts';
import { LivenessBus } from '../support/liveness-bus.ts';

/** n2 hears so many that only some of its heartbeats have room for n1. */
class CrowdedBus extends LivenessBus {
  names: (heartbeat: Heartbeat) => boolean = () => true;

  override deliver(from: string, heartbeat: Heartbeat): void {
    const isNamed = from !== 'n2' || this.names(heartbeat);
    const heard = isNamed ? heartbeat.heard : [];
    super.deliver(from, { ...heartbeat, heard, heardInPart: from === 'n2' });
  }
}

function crowdedBus(): CrowdedBus {
  const bus = new CrowdedBus();
  for (const name of ['n1', 'n2']) bus.add(name);
  bus.run(2_000);
  bus.names = ({ sequence }) => sequence % 3 === 0;
  return bus;
}

test('a peer that names in turn whom it hears goes on to count', () => {
  const bus = crowdedBus();
  const incarnation = bus.nodes.get('n1')?.liveness.incarnation;
  bus.run(5_000);
  const liveness = bus.nodes.get('n1')?.liveness;
  assert.is(liveness?.incarnation, incarnation, 'nobody has taken it for buried');
  assert.is(liveness?.peer('n2')?.phase, 'alive');
});

test('one that names us no more in any of them has buried us', () => {
  const bus = crowdedBus();
  bus.run(1_000);
  const incarnation = bus.nodes.get('n1')?.liveness.incarnation;
  bus.names = () => false;
  bus.run(1_000);
  assert.is.not(bus.nodes.get('n1')?.liveness.incarnation, incarnation);
});

test.run();
