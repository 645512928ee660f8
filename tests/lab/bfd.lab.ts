import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { BfdLook, BfdSpec, LabBfdSpeaker } from '../../lab/bfd-speaker.ts';
import { delay, run, until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import type { BfdDaemon, BfdPeerPlan } from '../../lab/routers/bfd-daemon.ts';
import { Bfdd } from '../../lab/routers/bfdd.ts';
import { BirdBfd } from '../../lab/routers/bird-bfd.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';

/** BFD with other projects' daemons: FRR's on the lab's client, BIRD on the same. */
const KERNEL_ONLY = { programs: false } as const;
/** Detection times are milliseconds, which a busy machine would falsify. */
const LONG = { ...KERNEL_ONLY, isLong: true } as const;
const TIMED = { ...LONG, timed: 'in-part' } as const;
/** What is not timed shares the machine: nobody is to be missed because of that. */
const CALM_MS = 200;
const INTERVAL_MS = 50;
const DETECTION_MS = 3 * INTERVAL_MS;
const FAST = { ours: { intervalMs: INTERVAL_MS }, theirs: { intervalMs: INTERVAL_MS } } as const;
/** A timer of either side, the log's line, a machine with two cores. */
const SLACK_MS = 60;
const TRIALS = 5;
const SECRET = 'opensesame';

const DAEMONS = { frr: Bfdd, bird: BirdBfd } as const;
type DaemonKind = keyof typeof DAEMONS;
const KINDS: readonly DaemonKind[] = ['frr', 'bird'];

/** Who speaks to whom: n1 is ours, the client the other project's. */
const NEIGHBOURS = {
  IPv4: { ours: '10.9.0.1', theirs: '10.9.0.101', interface: 'eth0' },
  IPv6: { ours: 'fd00:9::1', theirs: 'fd00:9::65', interface: 'eth0' },
  /** Behind the lab's router, one hop from each. */
  far: { ours: '10.77.0.1', theirs: '10.77.0.101', interface: undefined },
} as const;
type Way = keyof typeof NEIGHBOURS;

/** BIRD 2.0 sends no AdminDown: it goes without a word, and is missed. */
const SHUT_DOWN: Readonly<Record<DaemonKind, [string[], string]>> = {
  frr: [['up', 'ended'], 'the peer has shut the session down'],
  bird: [['up', 'failed'], `nothing came from the peer for ${3 * CALM_MS} ms`],
};
/** What is left of it behind one router. BIRD 2.0 sends as any program does, where RFC 5883 says nothing of the TTL. */
const FAR_TTL: Readonly<Record<DaemonKind, number>> = { frr: 254, bird: 63 };

interface Sides {
  readonly speaker: LabBfdSpeaker;
  readonly daemon: BfdDaemon;
  /** Ours, killed and begun anew. */
  readonly again: (changes?: Partial<BfdSpec>) => Promise<LabBfdSpeaker>;
}

interface Wish {
  readonly way?: Way;
  readonly ours?: Partial<BfdSpec>;
  readonly theirs?: Partial<BfdPeerPlan>;
}

/** Plays with a daemon that runs, and ends it whatever comes of it. */
async function withDaemon(
  lab: Lab,
  kind: DaemonKind,
  { way = 'IPv4', ours = {}, theirs = {} }: Wish,
  play: (sides: Sides) => Promise<void>,
): Promise<void> {
  const between = NEIGHBOURS[way];
  const directory = join(lab.directory, `bfd-${kind}-${Date.now()}`);
  const place = { namespace: lab.namespace('client'), directory };
  const plan = {
    ...{ address: between.ours, local: between.theirs, interface: between.interface },
    ...{ intervalMs: CALM_MS, ...theirs },
  };
  const daemon = new DAEMONS[kind](place, plan);
  const spec: BfdSpec = {
    ...{ peer: between.theirs, local: between.ours, intervalMs: CALM_MS, ...ours },
    ...(between.interface === undefined ? {} : { interface: between.interface }),
  };
  const speakers: LabBfdSpeaker[] = [];
  const begin = async (changes: Partial<BfdSpec> = {}) => {
    const speaker = await lab.bfdSpeakerOn('n1');
    speakers.push(speaker);
    await speaker.ask({ do: 'add', spec: { ...spec, ...changes } });
    return speaker;
  };
  try {
    await daemon.start();
    await play({ daemon, speaker: await begin(), again: begin });
  } catch (error) {
    throw new Error(`${error}\nwith ${kind}, which said\n${daemon.log()}`, { cause: error });
  } finally {
    for (const speaker of speakers) speaker.stop();
    await daemon.stop();
  }
}

async function bothUp({ speaker, daemon }: Pick<Sides, 'speaker' | 'daemon'>): Promise<BfdLook> {
  const look = await speaker.up();
  await until({ what: 'the other side Up', deadlineMs: 5_000, everyMs: 20 }, async () => {
    return (await daemon.state()) === 'up';
  });
  return look;
}

function eventTypes({ events }: BfdLook): string[] {
  return events.map(({ event }) => event.type);
}

/** Stays Up while nothing happens, at the agreed pace. */
async function staysUp(sides: Sides): Promise<void> {
  await bothUp(sides);
  await delay(1_500);
  const look = await sides.speaker.ask({ do: 'look' });
  assert.equal(eventTypes(look), ['up']);
  assert.is(look.detectionMs, 3 * CALM_MS);
  assert.is(sides.daemon.lastFailureAt(), undefined, 'the other side saw no failure either');
}

async function farApart(lab: Lab): Promise<void> {
  const { ours, theirs } = NEIGHBOURS.far;
  const router = lab.namespace('router');
  const quiet = ['all', 'eth0'].map((name) => `net.ipv4.conf.${name}.send_redirects=0`);
  await run(['ip', 'netns', 'exec', router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', ...quiet]);
  await batch(router, [
    `route replace ${ours} via 10.9.0.1`,
    `route replace ${theirs} via 10.9.0.101`,
  ]);
  await batch(lab.namespace('n1'), [
    `address replace ${ours}/32 dev lo`,
    `route replace ${theirs} via 10.9.0.254`,
  ]);
  await batch(lab.namespace('client'), [
    `address replace ${theirs}/32 dev lo`,
    `route replace ${ours} via 10.9.0.254`,
  ]);
}

const SHA1 = ['keyed-sha1', 'meticulous-keyed-sha1'] as const;

export const scenarios: readonly Scenario[] = [
  ...KINDS.flatMap((kind) => [
    ...(['IPv4', 'IPv6'] as const).map((way) =>
      scenario(
        `bfd/${kind}-${way.toLowerCase()}`,
        way === 'IPv4' ? KERNEL_ONLY : LONG,
        async (lab) => {
          await withDaemon(lab, kind, { way }, staysUp);
          return undefined;
        },
      ),
    ),

    scenario(`bfd/${kind}-multihop`, LONG, async (lab) => {
      await farApart(lab);
      await withDaemon(lab, kind, { way: 'far', ours: { minimumTtl: FAR_TTL[kind] } }, staysUp);
      // One hop less than there is: nothing of the peer comes in.
      const tooNear = { minimumTtl: FAR_TTL[kind] + 1 };
      await withDaemon(lab, kind, { way: 'far', ours: tooNear }, async (sides) => {
        await delay(2_500);
        const { state, why } = await sides.speaker.ask({ do: 'look' });
        assert.equal([state, why], ['Down', 'nothing has come from the peer yet']);
      });
      return undefined;
    }),

    scenario(`bfd/${kind}-is-told-of-a-shut-down`, LONG, async (lab) => {
      await withDaemon(lab, kind, {}, async ({ speaker, daemon }) => {
        await bothUp({ speaker, daemon });
        await speaker.ask({ do: 'shut-down' });
        await until({ what: 'the other side down', deadlineMs: 5_000 }, async () => {
          return (await daemon.state()) === 'down';
        });
      });
      return undefined;
    }),

    scenario(`bfd/${kind}-shuts-down`, LONG, async (lab) => {
      await withDaemon(lab, kind, {}, async (sides) => {
        await bothUp(sides);
        await sides.daemon.shutDown();
        const look = await sides.speaker.when('the end', ({ state }) => state === 'Down');
        assert.equal([eventTypes(look), look.why], SHUT_DOWN[kind]);
      });
      return undefined;
    }),

    scenario(`bfd/${kind}-other-timers`, LONG, async (lab) => {
      await withDaemon(lab, kind, {}, async (sides) => {
        await bothUp(sides);
        for (const intervalMs of [500, 100, 300]) {
          await sides.speaker.ask({ do: 'configure', intervalMs });
          const agreed = 3 * Math.max(intervalMs, CALM_MS);
          const when = ({ detectionMs }: BfdLook) => detectionMs === agreed;
          await sides.speaker.when(`${agreed} ms agreed`, when);
          await delay(600);
        }
        assert.equal(eventTypes(await sides.speaker.ask({ do: 'look' })), ['up']);
        assert.is(sides.daemon.lastFailureAt(), undefined);
      });
      return undefined;
    }),

    scenario(`bfd/${kind}-dies`, { ...TIMED, isLong: kind !== 'frr' }, (lab, alone) =>
      alone(async () => {
        const samples: number[] = [];
        for (let trial = 0; trial < TRIALS; trial += 1) {
          await withDaemon(lab, kind, FAST, async (sides) => {
            await bothUp(sides);
            const killedAt = Date.now();
            await sides.daemon.kill();
            const look = await sides.speaker.when('a failure', ({ state }) => state === 'Down');
            assert.equal(eventTypes(look), ['up', 'failed']);
            samples.push((look.events.at(-1)?.at ?? 0) - killedAt);
          });
        }
        for (const ms of samples) assert.ok(ms <= DETECTION_MS + SLACK_MS, `${ms} ms`);
        return { unit: 'ms', samples };
      }),
    ),

    scenario(`bfd/${kind}-misses-us`, TIMED, (lab, alone) =>
      alone(async () => {
        const samples: number[] = [];
        await withDaemon(lab, kind, FAST, async ({ speaker: first, daemon, again }) => {
          let speaker = first;
          for (let trial = 0; trial < TRIALS; trial += 1) {
            await bothUp({ speaker, daemon });
            const before = daemon.lastFailureAt();
            const killedAt = Date.now();
            speaker.stop();
            const at = await until({ what: 'its failure', deadlineMs: 3_000, everyMs: 20 }, () => {
              const last = daemon.lastFailureAt();
              return last !== before && last;
            });
            samples.push(at - killedAt);
            speaker = await again();
          }
        });
        for (const ms of samples) assert.ok(ms <= DETECTION_MS + SLACK_MS, `${ms} ms`);
        return { unit: 'ms', samples };
      }),
    ),

    // A process that is restarted goes on where it was; how long that may take is the peer's patience.
    scenario(`bfd/${kind}-restarted-unseen`, TIMED, (lab, alone) =>
      alone(async () => {
        const patient = { ours: { intervalMs: 300 }, theirs: { intervalMs: 300 } };
        await withDaemon(lab, kind, patient, async ({ speaker, daemon, again }) => {
          await bothUp({ speaker, daemon });
          const when = ({ detectionMs, memory }: BfdLook) =>
            detectionMs === 900 && memory !== undefined;
          const { memory } = await speaker.when('timers agreed', when);
          await delay(1_500);
          speaker.stop();
          const next = await again(memory === undefined ? {} : { memory });
          await delay(2_500);
          const look = await next.ask({ do: 'look' });
          assert.equal([look.state, eventTypes(look)], ['Up', ['up']]);
          assert.is(daemon.lastFailureAt(), undefined);
        });
        return undefined;
      }),
    ),

    // What has come while the event loop stood still is read before the peer is called silent.
    scenario(`bfd/${kind}-event-loop-stands-still`, TIMED, (lab, alone) =>
      alone(async () => {
        const patient = { ...FAST, ours: { ...FAST.ours, transmitMs: 600 } };
        await withDaemon(lab, kind, patient, async ({ speaker, daemon }) => {
          await bothUp({ speaker, daemon });
          await speaker.when('timers agreed', ({ detectionMs }) => detectionMs === DETECTION_MS);
          await delay(1_500);
          for (let time = 0; time < 3; time += 1) {
            // Longer than we wait for the peer, shorter than the peer waits for us.
            await speaker.ask({ do: 'stall', ms: 500 });
            await delay(700);
          }
          assert.equal(eventTypes(await speaker.ask({ do: 'look' })), ['up']);
          assert.is(daemon.lastFailureAt(), undefined);
        });
        return undefined;
      }),
    ),
  ]),

  ...SHA1.map((kind) =>
    scenario(`bfd/bird-${kind}`, { ...KERNEL_ONLY, isLong: kind !== 'keyed-sha1' }, async (lab) => {
      const sha1 = { kind, secret: SECRET };
      await withDaemon(lab, 'bird', { ours: { sha1 }, theirs: { sha1 } }, staysUp);
      const other = { ours: { sha1: { kind, secret: 'openbarley' } }, theirs: { sha1 } };
      await withDaemon(lab, 'bird', other, async ({ speaker, daemon }) => {
        await speaker.when('a refusal', ({ drops }) => (drops['wrong-key'] ?? 0) > 2);
        const { state, why, events } = await speaker.ask({ do: 'look' });
        assert.equal([state, why, events], ['Down', 'the peer signs with another key', []]);
        assert.is.not(await daemon.state(), 'up');
      });
      return undefined;
    }),
  ),
];
