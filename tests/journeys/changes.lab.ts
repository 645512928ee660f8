import * as assert from 'uvu/assert';
import { answeredByNobody, settled } from '../../lab/health.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { type Observation, observe } from '../../lab/trial.ts';
import { journey } from './journey.ts';
import { EXAMPLE_PORT } from './release-lab.ts';

const LONG_ALONE = { apps: ['nginx'], timed: true, isLong: true } as const;

export const scenarios: readonly Scenario[] = [
  journey('count-changed', { apps: ['nginx'], isLong: true }, (lab) => ({
    '1. Four': () => settled(lab),
    '2. Two': async () => {
      for (const ip of ['192.0.2.12', '192.0.2.13']) {
        assert.equal(await lab.prober.macsOf(ip), [], `who answers ${ip}`);
      }
    },
    '3. One for each node': () => settled(lab),
  })),

  // Its speakers must outlive the last class of their nodes. A webhook that answers late is passed over, with its warning.
  journey('class-deleted', { ...LONG_ALONE, ownClassesOnly: true }, (lab) => {
    let observation: Observation | undefined;
    return {
      '': async () => {
        await settled(lab);
        observation = await observe(lab, { httpPort: EXAMPLE_PORT });
      },
      '3. The class comes back': async () => {
        const { outcomes = [] } = (await observation?.end()) ?? {};
        assert.is(outcomes.length, 3);
        for (const one of outcomes) {
          assert.is(one.lost, 0, `${one.ip} lost requests`);
          assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
        }
      },
    };
  }),

  journey('service-deleted', { apps: ['nginx', 'next', 'last'], isLong: true }, (lab) => ({
    '': () => settled(lab),
    '1. The Service goes, another one comes': async () => {
      for (const ip of ['192.0.2.10', '192.0.2.11', '192.0.2.12']) {
        assert.equal(await lab.prober.macsOf(ip), [], `who answers ${ip}`);
      }
    },
    '2. After the cool-down': () => settled(lab),
  })),

  journey('pool-exhausted', { apps: ['nginx'], isLong: true }, (lab) => ({
    '3. More addresses': () => settled(lab),
  })),

  journey('pool-shrunk', { apps: ['nginx'], isLong: true }, (lab) => ({
    '4. It goes': async () => {
      await settled(lab);
      await answeredByNobody(lab, '192.0.2.30');
    },
  })),
];
