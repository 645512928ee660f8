import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OptionalChild } from '../../modules/metallb/src/node/optional-child.ts';

/** An optional child whose processes end when a test says so. */
class Fixture {
  readonly log: string[] = [];
  readonly child: OptionalChild;
  end: () => void = () => undefined;
  #created = 0;

  constructor() {
    this.child = new OptionalChild(() => this.#create(), 1_000);
  }

  #create() {
    this.#created += 1;
    const name = `child ${this.#created}`;
    return {
      start: () => void this.log.push(`${name} starts`),
      stop: (graceMs: number) => {
        this.log.push(`${name} has ${graceMs} ms to end`);
        return new Promise<void>((resolve) => {
          this.end = resolve;
        });
      },
      ...{ forgivePulse: () => undefined, checkPulse: () => undefined },
      status: () => ({ alive: true, ready: true, pid: this.#created, restarts: 0 }),
    };
  }
}

test('one that is wanted again while it ends is followed by another when it has ended, not before', async () => {
  const fixture = new Fixture();
  for (const wanted of [true, true, false, true]) fixture.child.setWanted(wanted);
  assert.equal(fixture.log, ['child 1 starts', 'child 1 has 1000 ms to end']);
  assert.is(fixture.child.status(), undefined);
  fixture.end();
  await Promise.resolve();
  assert.equal(fixture.log.slice(2), ['child 2 starts']);
  assert.is(fixture.child.status()?.pid, 2);
});

test.run();
