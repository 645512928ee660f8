import * as assert from 'uvu/assert';
import { settled } from '../../lab/health.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { journey } from './journey.ts';

export const scenarios: readonly Scenario[] = [
  journey('default-class', { apps: ['nginx', 'next'], isLong: true }, (lab) => ({
    '4. Another default later': () => settled(lab),
  })),

  journey('class-by-annotation', { apps: ['nginx'], isLong: true }, (lab) => ({
    '2. Another class': async () => {
      await settled(lab);
      assert.equal(await lab.prober.macsOf('192.0.2.30'), [], 'who answers the IP of before');
    },
  })),

  journey('requested-ips', { apps: ['nginx', 'exchange'], isLong: true }, (lab) => ({
    '4. One that is free': () => settled(lab),
  })),

  journey('shared-ip', { apps: ['dns'] }, (lab) => ({
    '2. Clients ask both ways': async () => {
      assert.is((await lab.prober.macsOf('192.0.2.53')).length, 1, 'one node for both');
    },
    '4. One of them goes': async () => {
      assert.is((await lab.prober.macsOf('192.0.2.53')).length, 1);
    },
  })),
];
