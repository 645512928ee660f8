import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { signal } from '../../lab/processes.ts';
import type { Alone } from '../../lab/scenario.ts';
import { AssignmentHistory } from './assignment-history.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { Replicas } from './replicas.ts';

const TAKEOVER_MS = 5_000;
const HANDOVER_MS = 1_000;
const SERVICES = 300;

interface Stage {
  readonly alone: Alone;
  readonly replicas: Replicas;
  readonly history: AssignmentHistory;
}

/** Replica a leads, b stands by. What never may be is looked at in the end. */
async function onStage(cluster: TestCluster, name: string, play: (stage: Stage) => Promise<void>) {
  const replicas = await Replicas.prepare(join(cluster.directory, name));
  const history = new AssignmentHistory(replicas.plane.kubeconfig('admin'));
  try {
    await history.start();
    await replicas.start('a');
    await replicas.leading('a', TAKEOVER_MS);
    await replicas.start('b');
    assert.not(await replicas.leads('b'), 'one leads');
    await play({ alone: cluster.alone, replicas, history });
    assert.equal(history.violations, []);
  } finally {
    await history.stop();
    await replicas.end();
  }
}

async function someAreDone(replicas: Replicas, count: number): Promise<void> {
  await until(
    { what: `${count} Services have IPs`, deadlineMs: 150_000, everyMs: 100 },
    async () => {
      const done = [...(await replicas.assigned()).values()].filter((ips) => ips.length === 2);
      return done.length >= count;
    },
  );
}

/** Every Service has two IPs, and no IP is there twice. */
async function allAreDone(replicas: Replicas, count: number): Promise<void> {
  await someAreDone(replicas, count);
  const ips = [...(await replicas.assigned()).values()].flat();
  assert.is(new Set(ips).size, 2 * count);
}

/** Users begin when nobody else works; what they have begun is ended beside others. */
async function whileUsersCreate({ alone, replicas }: Stage, play: () => Promise<void>) {
  let creating = Promise.resolve();
  await alone(async () => {
    creating = replicas.createServices('s', SERVICES);
    creating.catch(() => undefined); // told when this has been played
    await play();
  });
  await creating;
  await allAreDone(replicas, SERVICES);
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'controller/killed: the other replica leads within 5 s, and no IP is lost, moved or given twice',
    timed: true,
    deadlineMs: 240_000,
    play: (cluster) =>
      onStage(cluster, 'killed', async (stage) => {
        const { replicas } = stage;
        await whileUsersCreate(stage, async () => {
          await someAreDone(replicas, 100);
          const { leader, other } = await replicas.roles();
          await replicas.kill(leader);
          const { size } = await replicas.assigned();
          const afterMs = await replicas.leading(other, 2 * TAKEOVER_MS);
          assert.ok(afterMs < TAKEOVER_MS, `leads after ${afterMs} ms`);
          assert.ok((await replicas.assigned()).size > size, 'users have gone on meanwhile');
        });
        assert.ok((await replicas.lease()).leaseTransitions >= 1);
      }),
  },
  {
    name: 'controller/paused: one that wakes up after its Lease has passed on writes nothing any more',
    timed: true,
    deadlineMs: 240_000,
    isLong: true,
    play: (cluster) =>
      onStage(cluster, 'paused', async (stage) => {
        const { replicas } = stage;
        await whileUsersCreate(stage, async () => {
          await someAreDone(replicas, 100);
          const { leader, other } = await replicas.roles();
          signal(replicas.pidOf(leader), 'SIGSTOP');
          const afterMs = await replicas.leading(other, 2 * TAKEOVER_MS);
          assert.ok(afterMs < TAKEOVER_MS, `leads after ${afterMs} ms`);
          await delay(10_000 - afterMs);
          const wokenEpochMs = Date.now();
          signal(replicas.pidOf(leader), 'SIGCONT');
          await delay(3_000);
          assert.equal(await replicas.writesOf(leader, wokenEpochMs), []);
          await until({ what: `${leader} stands by`, deadlineMs: 10_000 }, async () => {
            const health = await replicas.health(leader);
            return health?.ready && !health.leading;
          });
          assert.ok((await replicas.writesOf(leader, 0)).length > 100, 'it wrote before');
        });
      }),
  },
  {
    name: 'controller/terminated: it gives its Lease up, and the other replica leads within a second',
    timed: true,
    deadlineMs: 120_000,
    play: (cluster) =>
      onStage(cluster, 'terminated', async ({ alone, replicas }) => {
        await replicas.createServices('s', 50);
        await allAreDone(replicas, 50);
        await alone(async () => {
          const { leader, other } = await replicas.roles();
          const ended = replicas.terminate(leader);
          const afterMs = await replicas.leading(other, TAKEOVER_MS);
          assert.ok(afterMs < HANDOVER_MS, `leads after ${afterMs} ms`);
          await ended;
        });
        await replicas.createServices('later', 10);
        await allAreDone(replicas, 60);
      }),
  },
];
