import * as assert from 'uvu/assert';
import type { BgpSpeaker, PeerLook } from '../../lab/bgp-speaker.ts';
import { until } from '../../lab/exec.ts';
import type { Neighbour, Router, RouterKind } from '../../lab/routers/router.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { KINDS, neighbour, peer, ROUTER, speakerWith, withRouter } from './bgp-sessions.ts';

/** Sessions with other projects' routers: how they begin, what keeps them from beginning, and how they end. */
const KERNEL_ONLY = { programs: false } as const;
const LONG = { ...KERNEL_ONLY, isLong: true } as const;
/** Longer than an attempt takes that would succeed. */
const NO_SESSION_MS = 2_000;
const HEARD_MS = 8_000;

/** Says what a router has heard of a NOTIFICATION, in its own words. */
const SHUTDOWN: Readonly<Record<RouterKind, RegExp>> = {
  frr: /NOTIFICATION.*Administrative Shutdown|Cease\/Administrative Shutdown/i,
  bird: /Received: Administrative shutdown.*maintenance/i,
  gobgp: /administrative shutdown|"Code":6|"code":6/i,
};

const only = (changes: Partial<Neighbour>) => ({ neighbours: [neighbour(changes)] });

export const scenarios: readonly Scenario[] = [
  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-password`, LONG, (lab) =>
      withRouter(lab, kind, only({ password: 'first' }), async (router) => {
        const speaker = await speakerWith(
          lab,
          'n1',
          peer({ passwords: ['first'], holdSeconds: 3 }),
        );
        await speaker.established('router');
        // Both are in force until the router has changed it, which resets the session.
        await speaker.ask({ do: 'passwords', peer: 'router', passwords: ['second', 'first'] });
        await router.setPassword('second');
        await again(speaker, router);
        await speaker.ask({ do: 'passwords', peer: 'router', passwords: ['third'] });
        await speaker.when('router', 'the end', ({ phase }) => phase !== 'Established', 15_000);
        await never(speaker);
      }),
    ),
  ),

  scenario('bgp/wrong-password', KERNEL_ONLY, (lab) =>
    withRouter(lab, 'frr', only({ password: 'secret', passive: true }), async () => {
      await never(await speakerWith(lab, 'n1', peer({ passwords: ['guess'] })));
    }),
  ),

  // Not even a keepalive is lost: TCP repeats what the other end has refused until it has the new one, too.
  scenario('bgp/password-without-a-break', KERNEL_ONLY, async (lab) => {
    const left = await lab.bgpSpeakerOn('n1');
    const right = await lab.bgpSpeakerOn('n2');
    await right.ask({ do: 'listen' });
    const passwords = ['first'];
    const own = peer({ address: '10.9.0.1', routerId: '10.9.0.2', passive: true, holdSeconds: 3 });
    await right.ask({
      do: 'peer',
      peer: { ...own, localAsn: 64_502, remoteAsn: 64_500, passwords },
    });
    const other = peer({ address: '10.9.0.2', remoteAsn: 64_502, passwords });
    await left.ask({ do: 'peer', peer: other });
    await left.established('router');
    await left.ask({ do: 'passwords', peer: 'router', passwords: ['second', 'first'] });
    await right.ask({ do: 'passwords', peer: 'router', passwords: ['second'] });
    await left.ask({ do: 'announce', routes: [{ prefix: '10.99.0.1/32' }] });
    await right.when('router', 'the route', ({ received }) => received === 1);
    assert.equal(told(await left.peer('router')), ['established']);
    return undefined;
  }),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-gtsm`, LONG, (lab) =>
      withRouter(lab, kind, only({ gtsm: true, passive: true }), async (router) => {
        const near = await speakerWith(lab, 'n1', peer({ gtsm: true, interface: 'eth0' }));
        await again(near, router);
        near.stop();
        await never(await speakerWith(lab, 'n1', peer({ hops: 64 })));
      }),
    ),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-connects-to-us`, { ...KERNEL_ONLY, isLong: kind !== 'bird' }, (lab) =>
      withRouter(lab, kind, only({ password: 'secret', gtsm: kind === 'frr' }), async (router) => {
        const speaker = await lab.bgpSpeakerOn('n1');
        await speaker.ask({ do: 'listen' });
        const own = { passive: true, passwords: ['secret'], gtsm: kind === 'frr' };
        await speaker.ask({ do: 'peer', peer: peer(own) });
        await again(speaker, router);
        assert.equal(told(await speaker.peer('router')), ['established']);
      }),
    ),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-both-connect`, { ...KERNEL_ONLY, isLong: kind !== 'frr' }, (lab) =>
      withRouter(lab, kind, only({}), async (router) => {
        const speaker = await lab.bgpSpeakerOn('n1');
        await speaker.ask({ do: 'listen' });
        await speaker.ask({ do: 'peer', peer: peer() });
        await again(speaker, router);
        await speaker.ask({ do: 'announce', routes: [{ prefix: '10.99.0.1/32' }] });
        await until({ what: 'the route', deadlineMs: HEARD_MS }, () =>
          router.route('10.99.0.1/32'),
        );
      }),
    ),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-shutdown-in-words`, { ...KERNEL_ONLY, isLong: kind !== 'bird' }, (lab) =>
      withRouter(lab, kind, only({}), async (router) => {
        const speaker = await speakerWith(lab, 'n1', peer());
        await speaker.established('router');
        await speaker.ask({ do: 'stop', peer: 'router', message: 'maintenance until 14:00' });
        await until({ what: 'the word', deadlineMs: HEARD_MS }, () =>
          SHUTDOWN[kind].test(router.log()),
        );
        await speaker.ask({ do: 'start', peer: 'router' });
        await again(speaker, router);
      }),
    ),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-another-as`, { ...KERNEL_ONLY, isLong: kind !== 'frr' }, (lab) =>
      withRouter(lab, kind, only({ passive: true }), async () => {
        const speaker = await speakerWith(lab, 'n1', peer({ remoteAsn: 64_999 }));
        const ours = /expected 64999|the peer says OPEN Message Error: Bad Peer AS/;
        await speaker.when('router', 'the word', ({ why }) => ours.test(why));
        speaker.stop();
        const other = await speakerWith(lab, 'n1', peer({ localAsn: 64_998 }));
        const theirs = /the peer says OPEN Message Error: Bad Peer AS/;
        await other.when('router', 'the word', ({ why }) => theirs.test(why));
      }),
    ),
  ),

  ...KINDS.map((kind) =>
    scenario(`bgp/${kind}-restarts`, { ...KERNEL_ONLY, isLong: kind !== 'bird' }, (lab) =>
      withRouter(lab, kind, only({}), async (router) => {
        const speaker = await speakerWith(lab, 'n1', peer());
        await speaker.ask({ do: 'announce', routes: [{ prefix: '10.99.0.1/32' }] });
        await speaker.established('router');
        await router.kill();
        await speaker.when('router', 'the end', ({ phase }) => phase !== 'Established');
        await router.start();
        await again(speaker, router);
        await until({ what: 'the route', deadlineMs: HEARD_MS }, () =>
          router.route('10.99.0.1/32'),
        );
      }),
    ),
  ),

  scenario('bgp/cable-cut', LONG, (lab) =>
    withRouter(lab, 'bird', only({}), async (router) => {
      const speaker = await speakerWith(lab, 'n1', peer({ holdSeconds: 3 }));
      const { holdMs } = await speaker.established('router');
      assert.is(holdMs, 3_000, 'the shorter of both');
      const cutAt = performance.now();
      await lab.switch.part(['n1'], [ROUTER.host]);
      const end = await speaker.when('router', 'the end', ({ events }) =>
        events.some(({ text }) => text.startsWith('ended')),
      );
      const tookMs = performance.now() - cutAt;
      assert.ok(tookMs > 1_500 && tookMs < 4_500, `${tookMs} ms`);
      assert.match(told(end).join('\n'), 'ended: Hold Timer Expired');
      await lab.switch.heal();
      await again(speaker, router);
    }),
  ),
];

const told = ({ events }: PeerLook) => events.map(({ text }) => text);

/** Both sides say that there is a session. */
async function again(speaker: BgpSpeaker, router: Router): Promise<void> {
  await speaker.established('router', 20_000);
  const [node] = ['10.9.0.1'];
  await until({ what: `a session on ${router.kind}`, deadlineMs: HEARD_MS, everyMs: 50 }, () =>
    router.isEstablished(node),
  );
}

/** An absence takes time to be seen. */
async function never(speaker: BgpSpeaker): Promise<void> {
  const end = performance.now() + NO_SESSION_MS;
  await until({ what: 'time to pass', deadlineMs: NO_SESSION_MS * 2, everyMs: 100 }, async () => {
    const { phase } = await speaker.peer('router');
    assert.is.not(phase, 'Established');
    return performance.now() > end;
  });
}
