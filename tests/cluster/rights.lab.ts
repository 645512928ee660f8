import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import {
  auditFolder,
  idleRights,
  refusalsOf,
  requestsOf,
  rightsOf,
} from '../../lab/kubernetes/audit.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices, freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { classManifest, serviceManifest } from '../../lab/workload.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';
import { RELEASE_LAB, releaseLab } from '../journeys/release-lab.ts';
import { inNamespace, ONE_OF_EACH, serviceBgpStatus } from '../support/bgp-objects.ts';
import { nodeState } from '../support/metallb-objects.ts';
import { announcer, applyText, firstManifest, withoutMetallbObjects } from './metallb-lab.ts';

const ACCOUNTS = ['controller', 'speaker'];
/** The controller looks at its certificate twice a minute. */
const IN_USE_WITHIN_MS = 45_000;
const LOG_LINES = 10_000;
/** Named in the release's values, and made when that is long installed. */
const LATE = 'tenant';
const DOWN = 'BgpSessionDown';
const OF_BGP = /bgp|bfd|communities|loadbalancerconfigurations|secrets/;

export const scenarios: readonly Scenario[] = [
  scenario(
    'rights/granted-is-what-is-used',
    { lab: RELEASE_LAB, stores: ['kubernetes'], deadlineMs: 180_000 },
    async (lab) => {
      await liveThroughEverything(lab);
      const rights = await Promise.all(
        ACCOUNTS.map((account) => rightsOf(lab.kubernetes.api, RELEASE_NAMESPACE, account)),
      );
      assert.ok(rights.every((some) => some.length > 0));
      await until(
        { what: () => neverUsed(lab, rights).join(), deadlineMs: IN_USE_WITHIN_MS },
        async () => {
          return neverUsed(lab, rights).length === 0;
        },
      );
      assert.equal(refusals(lab), []);
      return undefined;
    },
  ),

  scenario(
    'rights/of-BGP-are-used-and-one-that-is-missing-is-named-with-what-grants-it',
    {
      lab: releaseLab({ edition: 'EE', metallbNamespaces: [LATE] }),
      ...{ stores: ['kubernetes'], isLong: true, deadlineMs: 180_000 },
    },
    async (lab) => {
      const { plane, api } = lab.kubernetes;
      await plane.kubectl(['create', 'namespace', LATE]);
      await applyText(lab, routersOfTwoNamespaces());
      await runBackends(lab, 'plain');
      const missing = await nodeTells(lab, 'n1', DOWN, {
        message: new RegExp(`Secret ${LATE}/.* no right to list and watch Secrets`),
      });
      assert.match(missing, new RegExp(`Secret ${RELEASE_NAMESPACE}/router, .* does not exist`));
      const [, command = ''] = /: kubectl ([^;]*?)(?:; |$)/.exec(missing) ?? [];
      await plane.kubectl(command.split(' '));
      await nodeTells(lab, 'n1', DOWN, {
        message: new RegExp(`Secret ${LATE}/router, .* does not exist`),
      });

      const told = (isTold: boolean) =>
        until({ what: `ServiceBGPStatus: ${isTold}`, deadlineMs: 20_000 }, async () => {
          const statuses = await lab.cluster.list('ServiceBGPStatus');
          return statuses.some(({ status }) => status !== undefined) === isTold;
        });
      await told(true);
      await plane.kubectl(['delete', 'bgppeer', 'router-late', `--namespace=${LATE}`]);
      await lab.cluster.delete({ kind: 'Service', namespace: 'default', name: 'plain' });
      await told(false);
      const rights = await rightsOf(api, RELEASE_NAMESPACE, 'speaker');
      const ofBgp = rights.filter(({ resource }) => OF_BGP.test(resource));
      const requests = requestsOf(auditFolder(lab), RELEASE_NAMESPACE, 'speaker');
      assert.ok(ofBgp.length > 0);
      assert.equal(idleRights(ofBgp, requests), []);
      assert.equal(refusals(lab), ['speaker may not list secrets ']);
      return undefined;
    },
  ),
];

/** By every node, with a password for each that nobody has written down yet; and a Service that they are told of. */
function routersOfTwoNamespaces(): string {
  const routers = [RELEASE_NAMESPACE, LATE].map(
    (namespace, index) => `---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: router${index === 0 ? '' : '-late'}, namespace: ${namespace}}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 10.9.0.${250 + index}, passwordSecret: {name: router}}
`,
  );
  const advertisement = `---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: first, namespace: ${RELEASE_NAMESPACE}}
`;
  return firstManifest('plain', RELEASE_NAMESPACE) + advertisement + routers.join('');
}

function neverUsed(lab: Lab, rights: readonly Awaited<ReturnType<typeof rightsOf>>[]): string[] {
  return ACCOUNTS.flatMap((account, index) => {
    const requests = requestsOf(auditFolder(lab), RELEASE_NAMESPACE, account);
    const idle = idleRights(rights[index] ?? [], requests);
    return idle.map((right) => `${account} never used: ${right}`);
  });
}

function refusals(lab: Lab): string[] {
  const refused = ACCOUNTS.flatMap((account) =>
    refusalsOf(auditFolder(lab), RELEASE_NAMESPACE, account),
  );
  return [...new Set(refused)];
}

/** Everything that makes a program ask the API server for something. */
async function liveThroughEverything(lab: Lab): Promise<void> {
  await spoilTheCertificate(lab);
  await askForAnInterfaceThatIsNotThere(lab);
  await freshServices(lab);
  const [service] = STANDARD_SERVICES;
  await lab.cluster.apply(serviceManifest({ ...service, count: 1 })); // children are deleted
  await assignedIps(lab, service.name, 1);
  await lab.cluster.apply(serviceManifest({ ...service, count: 2, port: 8080 })); // and patched
  await assignedIps(lab, service.name, 2);
  // What happens again is counted in its Event.
  for (const count of ['many', 2, 'many', 2]) {
    await lab.cluster.apply(serviceManifest({ ...service, count, port: 8080 }));
    await told(lab, service.name, count === 2);
  }
  await useMetallbsApi(lab);
  await takeANodeOut(lab);
  await refuseObjectsOfBgp(lab);
  await deleteServices(lab);
  await servesItsNewCertificate(lab);
}

const ANOTHER_POOL = `---
apiVersion: network.deckhouse.io/v1alpha1
kind: MetalLoadBalancerPool
metadata: {name: second}
spec: {addresses: [192.0.2.210-192.0.2.219]}
`;

/** Pools, an advertisement, and a Service that comes, is announced by one node and by another, and goes. */
async function useMetallbsApi(lab: Lab): Promise<void> {
  await applyText(lab, firstManifest('plain', RELEASE_NAMESPACE) + ANOTHER_POOL);
  await runBackends(lab, 'plain');
  await assignedIps(lab, 'plain', 1);
  const first = await announcer(lab);
  const drain = (value: string | null) =>
    lab.cluster.change(
      { kind: 'Node', name: first },
      { annotations: { [ANNOTATION.drain]: value } },
    );
  await drain('true');
  await announcer(lab, first);
  await drain(null);
  await lab.cluster.delete({ kind: 'Service', namespace: 'default', name: 'plain' });
  await until({ what: 'nobody tells any more', deadlineMs: 20_000 }, async () => {
    return (await lab.cluster.list('ServiceL2Status')).length === 0;
  });
  await withoutMetallbObjects(lab);
  await lab.cluster.delete({ kind: 'MetalLoadBalancerPool', name: 'second' });
}

const AS_DECKHOUSE = [
  '--as=system:serviceaccount:d8-system:deckhouse',
  '--as-group=system:masters',
];

/** In an edition without BGP, where only Deckhouse's migration may make them; and one that a node told of BGP before. */
async function refuseObjectsOfBgp(lab: Lab): Promise<void> {
  const { plane } = lab.kubernetes;
  const told = serviceBgpStatus('gone', 'nobody');
  const objects = inNamespace([...ONE_OF_EACH, told], RELEASE_NAMESPACE);
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await plane.kubectl(['apply', '--filename=-', ...AS_DECKHOUSE], list);
  await lab.kubernetes.api.send(
    'PATCH',
    `${objectPath('ServiceBGPStatus', told.metadata.name, RELEASE_NAMESPACE)}/status`,
    { status: told.status },
    PATCH.merge,
  );
  await until({ what: 'each says EditionRequired', deadlineMs: 20_000 }, async () => {
    const all = await Promise.all(ONE_OF_EACH.map(({ kind }) => lab.cluster.list(kind)));
    const left = await lab.cluster.list('ServiceBGPStatus');
    return (
      left.length === 0 && all.every((some) => JSON.stringify(some).includes('EditionRequired'))
    );
  });
  await plane.kubectl(['delete', '--filename=-', '--ignore-not-found'], list);
}

/** One that told what it does by BGP. */
async function takeANodeOut(lab: Lab): Promise<void> {
  const { api } = lab.kubernetes;
  const { apiVersion, kind, metadata } = nodeState('gone', []);
  const { name, labels } = metadata;
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'gone' } };
  await api.send('POST', collectionPath('Node'), node);
  const told = { apiVersion, kind, metadata: { name, labels } };
  await api.send('POST', collectionPath(kind, RELEASE_NAMESPACE), told);
  await api.send('DELETE', objectPath('Node', 'gone'));
  await until({ what: `${name} is deleted`, deadlineMs: 20_000 }, async () => {
    return (await api.find(objectPath(kind, name, RELEASE_NAMESPACE))) === undefined;
  });
}

/** Waits until the Service's conditions say that its annotations are right, or wrong. */
async function told(lab: Lab, name: string, isRight: boolean): Promise<void> {
  const service = { kind: 'Service', namespace: 'default', name };
  await until(
    { what: `${name} is ${isRight ? 'right' : 'wrong'}`, deadlineMs: 10_000 },
    async () => {
      const found = (await lab.cluster.read(service))?.status?.['conditions'] ?? [];
      const conditions = found as readonly { reason: string; status: string }[];
      return isRight !== conditions.some(({ reason }) => reason === 'InvalidAnnotation');
    },
  );
}

/** A class whose interface no node has, which each of them says, and says again when it is back. */
async function askForAnInterfaceThatIsNotThere(lab: Lab): Promise<void> {
  const addressPool = ['198.51.100.10-198.51.100.19'];
  const name = { kind: 'MetalLoadBalancerClass', name: 'nowhere' };
  for (let round = 0; round < 2; round += 1) {
    await lab.cluster.apply(classManifest({ name: name.name, addressPool, interfaces: ['eth9'] }));
    await nodeTells(lab, 'n1', 'InterfaceMissing', { status: 'True' });
    await lab.cluster.delete(name);
    await nodeTells(lab, 'n1', 'InterfaceMissing', { status: 'False' });
  }
}

/** Until every replica does, the API server, which trusts no other, asks some of them in vain. */
async function servesItsNewCertificate(lab: Lab): Promise<void> {
  const controllers = lab.programs().filter(({ name }) => name.endsWith('/controller'));
  assert.is(controllers.length, 2);
  const served = (lines: readonly string[]) =>
    lines.filter((line) => line.includes('webhook certificate in service')).length;
  await until({ what: 'a new certificate in service', deadlineMs: IN_USE_WITHIN_MS }, () =>
    controllers.every((one) => served(one.lastLogLines(LOG_LINES)) > 1),
  );
}

/** What is not a certificate is replaced, as one is that has grown old. */
async function spoilTheCertificate(lab: Lab): Promise<void> {
  const path = objectPath('Secret', 'metallb-webhook', RELEASE_NAMESPACE);
  const spoiled = Buffer.from('no certificate').toString('base64');
  await lab.kubernetes.api.send('PATCH', path, { data: { 'tls.crt': spoiled } }, PATCH.merge);
}
