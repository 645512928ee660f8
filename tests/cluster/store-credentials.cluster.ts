import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { filesIn } from '../../lab/kubernetes/client-authority.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { writeKubeconfig } from '../../lab/kubernetes/kubeconfig.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { Store } from '../../modules/metallb/src/store/store.ts';
import { childObject, childRef } from '../support/objects.ts';
import { keysOf, WatchRecorder } from '../support/watch-recorder.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { applyObject, removeAll, StoreBench } from './store-support.ts';

const CHILDREN = { kind: CHILD_KIND } as const;
/** Credentials are read again every ten seconds. */
const REFUSED_WITHIN_MS = 30_000;
const SHORT_LIFE_SECONDS = 8;

export const scenarios: readonly ClusterScenario[] = [
  rotating(
    'token: one that is revoked is refused, and its successor in the file is taken',
    async (cluster, bench) => {
      const { api, plane, directory } = cluster;
      const tokenFile = join(directory, 'token');
      const first = await issueToken(cluster, 'first');
      writeFileSync(tokenFile, first);
      const kubeconfig = join(directory, 'rotating-token.kubeconfig');
      await writeKubeconfig(kubeconfig, plane, { tokenFile });
      const store = await bench.open(kubeconfig);
      const watch = new WatchRecorder(store, CHILDREN);
      const { error } = await watch.next('lost');
      assert.match(
        error.message,
        /^403: ServiceAccount default\/rotating may not list sdninternall2lbservices/,
      );
      await letEverything(cluster, {
        kind: 'ServiceAccount',
        name: 'rotating',
        namespace: 'default',
      });
      await watch.next('listed');

      const second = await issueToken(cluster, 'second');
      // A token that is bound to a Secret ends with it.
      await api.send('DELETE', objectPath('Secret', 'first'));
      const refusal = await refusalOf(store);
      assert.match(String(refusal), /ForbiddenError: 401/);
      assert.not.match(String(refusal), first);
      writeFileSync(tokenFile, second);
      await writeNothing(store);
      store.relist();
      assert.equal(keysOf((await watch.next('listed')).objects), ['default/a']);
    },
  ),

  rotating(
    'client certificate: one that has no rights any more is refused, and its successor in the file is taken',
    async (cluster, bench) => {
      const { clients, plane, directory } = cluster;
      const files = filesIn(directory, 'rotating-client');
      await clients.issue('first', files);
      await letEverything(cluster, userNamed('first'));
      const kubeconfig = join(directory, 'rotating-certificate.kubeconfig');
      await writeKubeconfig(kubeconfig, plane, {
        'client-certificate': files.certificate,
        'client-key': files.key,
      });
      const store = await bench.open(kubeconfig);
      const watch = new WatchRecorder(store, CHILDREN);
      await watch.next('listed');

      await letEverything(cluster, userNamed('second'));
      assert.match(String(await refusalOf(store)), /ForbiddenError: 403: first may not delete/);
      await clients.issue('second', files);
      await until({ what: 'the new certificate taken', deadlineMs: REFUSED_WITHIN_MS }, () =>
        writeNothing(store).then(
          () => true,
          () => false,
        ),
      );
      store.relist();
      assert.equal(keysOf((await watch.next('listed')).objects), ['default/a']);
    },
  ),

  rotating(
    'client certificate: one that runs out is told with file and date, and nothing is lost until its successor is there',
    async ({ api, clients, plane, directory }, bench) => {
      const files = filesIn(directory, 'short-lived-client');
      const end = await clients.issue('short-lived', files, SHORT_LIFE_SECONDS);
      await letEverything({ api }, userNamed('short-lived'));
      const kubeconfig = join(directory, 'short-lived.kubeconfig');
      await writeKubeconfig(kubeconfig, plane, {
        'client-certificate': files.certificate,
        'client-key': files.key,
      });
      const store = await bench.open(kubeconfig);
      const watch = new WatchRecorder(store, CHILDREN);
      await watch.next('listed');
      await writeNothing(store);

      const said = String(await refusalOf(store));
      assert.ok(Date.now() >= end.getTime(), `refused before its end: ${said}`);
      const date = end.toISOString().replace('.000Z', 'Z');
      assert.ok(
        said.includes(`401: client-certificate ${files.certificate} has expired on ${date}`),
      );
      // The watch is under way and goes on; one that begins now can't, until there is a certificate.
      await applyObject(api, childObject('b'));
      assert.is((await watch.next('changed')).object.metadata.name, 'b');
      store.relist();
      assert.match((await watch.next('lost')).error.message, files.certificate);
      await applyObject(api, childObject('c'));

      await clients.issue('short-lived', files);
      await writeNothing(store);
      const listed = keysOf((await watch.next('listed')).objects);
      assert.equal(listed, ['default/a', 'default/b', 'default/c']);
    },
  ),
];

function rotating(
  name: string,
  play: (cluster: TestCluster, bench: StoreBench) => Promise<void>,
): ClusterScenario {
  return {
    name: `store/${name}`,
    play: async (cluster) => {
      const bench = new StoreBench();
      try {
        await removeAll(cluster.api);
        await applyObject(cluster.api, childObject('a'));
        await play(cluster, bench);
      } finally {
        await bench.end();
      }
    },
  };
}

/** Needs rights, and changes nothing. */
function writeNothing(store: Store): Promise<unknown> {
  return store.write({ do: 'delete', ref: childRef('nothing') });
}

function refusalOf(store: Store): Promise<unknown> {
  return until({ what: 'the old credentials refused', deadlineMs: REFUSED_WITHIN_MS }, () =>
    writeNothing(store).then(
      () => undefined,
      (failure: unknown) => failure,
    ),
  );
}

interface Subject {
  readonly kind: 'ServiceAccount' | 'User';
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

function userNamed(name: string): Subject {
  return { kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' };
}

/** To it alone: whoever could before can no more. */
async function letEverything({ api }: Pick<TestCluster, 'api'>, subject: Subject): Promise<void> {
  await applyObject(api, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'rotating' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'cluster-admin',
    },
    subjects: [subject],
  });
}

async function issueToken({ api }: TestCluster, secret: string): Promise<string> {
  const metadata = { name: 'rotating', namespace: 'default' };
  await applyObject(api, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await applyObject(api, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { ...metadata, name: secret },
  });
  const path = `${objectPath('ServiceAccount', 'rotating')}/token`;
  const { status } = (await api.send('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      expirationSeconds: 600,
      boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: secret },
    },
  })) as { status: { token: string } };
  return status.token;
}
