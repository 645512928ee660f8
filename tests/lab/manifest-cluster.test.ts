import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ManifestCluster } from '../../lab/manifest-cluster.ts';
import { nodeManifest, serviceManifest } from '../../lab/workload.ts';

const SERVICE = serviceManifest({ name: 'web', className: 'ingress', family: 'IPv4' });
const NAME = { kind: 'Service', namespace: 'default', name: 'web' };

const test = suite<{ directory: string; cluster: ManifestCluster }>('manifest cluster');

test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'manifest-cluster-'));
  context.cluster = new ManifestCluster(context.directory);
});

test.after.each((context) => rm(context.directory, { recursive: true }));

async function write(directory: string, file: string, content: object): Promise<void> {
  const path = join(directory, '.state', file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(content));
}

test('reads what was applied', async ({ cluster }) => {
  await cluster.apply(SERVICE);
  assert.equal(await cluster.read(NAME), SERVICE);
});

test('adds labels and status that the controller wrote', async ({ cluster, directory }) => {
  await cluster.apply(nodeManifest('n1'));
  const published = {
    kind: 'Node',
    metadata: { name: 'n1', uid: 'u', labels: { member: '' } },
    status: { seen: true },
  };
  await write(directory, 'objects/Node/_/n1.yaml', published);
  const node = await cluster.read({ kind: 'Node', name: 'n1' });
  assert.is(node?.metadata.labels?.['member'], '');
  assert.is(node?.metadata.labels?.['kubernetes.io/hostname'], 'n1');
  assert.is(node?.status?.['seen'], true);
});

test('shows children with what nodes say of them', async ({ cluster, directory }) => {
  const metadata = { name: 'web-0', namespace: 'default', uid: 'u' };
  const child = { kind: 'SDNInternalL2LBService', metadata, spec: {}, status: {} };
  await write(directory, 'objects/SDNInternalL2LBService/default/web-0.yaml', child);
  const announcer = { node: 'n1', since: '2026-01-01T00:00:02Z' };
  const { name, namespace, uid } = metadata;
  const fragment = { kind: child.kind, namespace, name, uid, order: 1, status: { announcer } };
  await write(directory, 'nodes/n1/00.yaml', { node: 'n1', fragments: [fragment] });
  const [found] = await cluster.list('SDNInternalL2LBService');
  assert.equal(found?.status?.['announcer'], announcer);
});

test('takes an annotation away with null', async ({ cluster }) => {
  await cluster.apply(SERVICE);
  await cluster.change(NAME, { annotations: { a: '1' } });
  await cluster.change(NAME, { annotations: { a: null } });
  assert.is((await cluster.read(NAME))?.metadata.annotations?.['a'], undefined);
});

test('forgets a deleted object though the controller has not seen it yet', async ({
  cluster,
  directory,
}) => {
  await cluster.apply(SERVICE);
  await write(directory, 'objects/Service/default/web.yaml', SERVICE);
  await cluster.delete(NAME);
  assert.is(await cluster.read(NAME), undefined);
  assert.not(await cluster.isForgotten(NAME));
  await rm(join(directory, '.state', 'objects/Service/default/web.yaml'));
  assert.ok(await cluster.isForgotten(NAME));
});

test('cut off for one node it is there for all others', async ({ cluster }) => {
  await cluster.create(process.getuid?.() ?? 0, ['n1', 'n2']);
  await cluster.apply(SERVICE);
  const paths = ['n1', 'n2'].map((node) => cluster.storeArgument(node).replace('manifests:', ''));
  await cluster.cutOff('n1');
  assert.equal(paths.map(existsSync), [false, true]);
  assert.type(await cluster.revision(), 'string');
  await cluster.reconnect();
  assert.equal(paths.map(existsSync), [true, true]);
  for (const path of paths) await rm(path);
});

test('has no revision while it is cut off', async ({ cluster }) => {
  await cluster.cutOff();
  assert.is(await cluster.revision(), undefined);
  await cluster.reconnect();
  assert.type(await cluster.revision(), 'string');
});

test.run();
