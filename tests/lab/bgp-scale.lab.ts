import { until } from '../../lab/exec.ts';
import { kernelCount } from '../../lab/routers/router.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { KINDS, neighbour, peer, ROUTER, speakerWith, withRouter } from './bgp-sessions.ts';

/** Time from the session to the last route, in the router's table and, where it fills one, in the kernel's. */
const ROUTES = 100_000;
const DEADLINE_MS = 60_000;

export const scenarios: readonly Scenario[] = KINDS.map((kind) =>
  scenario(
    `bgp/${kind}-takes-100000`,
    { programs: false, isLong: true, timed: true, deadlineMs: 120_000 },
    async (lab) => {
      const samples: number[] = [];
      const counts: Record<string, number> = {};
      await withRouter(lab, kind, { neighbours: [neighbour()] }, async (router) => {
        const speaker = await speakerWith(lab, 'n1', peer({ families: ['IPv4'] }));
        const routes = [{ prefix: '11.0.0.0/32', count: ROUTES, communities: ['64500:100'] }];
        await speaker.ask({ do: 'stop', peer: 'router', message: '' });
        await speaker.ask({ do: 'announce', routes });
        const before = await speaker.look();
        await speaker.ask({ do: 'start', peer: 'router' });
        const { events } = await speaker.established('router');
        const since = events.at(-1)?.at ?? 0;
        const waiting = { what: 'all routes', deadlineMs: DEADLINE_MS, everyMs: 20 };
        await until(waiting, async () => (await router.count('IPv4')) >= ROUTES);
        samples.push(Date.now() - since);
        const { kernelProtocol } = router;
        if (kernelProtocol !== undefined) {
          const namespace = lab.namespace(ROUTER.host);
          await until(
            waiting,
            async () => (await kernelCount(namespace, kernelProtocol)) >= ROUTES,
          );
          counts['kernelMs'] = Date.now() - since;
        }
        const after = await speaker.look();
        counts['cpuMs'] = Math.round(after.cpuMs - before.cpuMs);
        counts['rssMiB'] = Math.round(after.rssMiB);
      });
      return { unit: 'ms', samples, counts };
    },
  ),
);
