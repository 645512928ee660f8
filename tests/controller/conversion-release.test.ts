import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { releaseConversion } from '../../modules/metallb/src/controller/conversion-release.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** @param outcomes of `letGo`, one after the other */
async function released(outcomes: (boolean | Error)[], leadsFor = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLogger({
    ...{ program: 'controller', level: 'info' },
    destination: { write: (line) => lines.push(JSON.parse(line).msg) },
  });
  const definition = {
    letGo: async () => {
      const outcome = outcomes.shift() ?? false;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
  const mayWrite = () => clock.now() < leadsFor;
  let isOver = false;
  const running = releaseConversion({ definition, clock, random: () => 0, log, mayWrite });
  void running.then(() => {
    isOver = true;
  });
  for (let turn = 0; turn < 100 && !isOver; turn += 1) {
    await new Promise(setImmediate);
    clock.advance(1_000);
  }
  return { isOver, left: outcomes.length, lines };
}

test('a definition that asks nobody is no news', async () => {
  assert.equal(await released([false, true]), { isOver: true, left: 1, lines: [] });
});

test('what fails is tried again, and told', async () => {
  const error = new Error('conflict');
  assert.equal(await released([error, error, true, true]), {
    ...{ isOver: true, left: 1 },
    lines: [
      'definition of BGPPeer still asks this module',
      'definition of BGPPeer still asks this module',
      'BGPPeers are converted by API servers',
    ],
  });
});

test('a replica that leads no more leaves it to the next one', async () => {
  const errors = Array.from({ length: 100 }, () => new Error('away'));
  const { isOver, left } = await released(errors, 5_000);
  assert.is(isOver, true);
  assert.ok(left > 90);
});

test.run();
