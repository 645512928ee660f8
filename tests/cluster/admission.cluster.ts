import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { issueCertificate } from '../../modules/metallb/src/webhook/issue-certificate.ts';
import { POOL_ITEMS, SPECS } from '../crds/rows.ts';
import { node, service } from '../support/cluster-objects.ts';
import {
  type AdmissionBench,
  classManifest,
  DNS_NAMES,
  type Said,
  withAdmission,
} from './admission-bench.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';

const CLASSES = '/apis/network.deckhouse.io/v1alpha1/metalloadbalancerclasses';
const DECKHOUSE = 'system:serviceaccount:d8-system:deckhouse';
const DAY_MS = 86_400_000;
const ACCEPTED: Said = { accepted: true, warnings: [], refusal: undefined };

const main = (addressPool: string[] = ['192.0.2.0/28'], metadata: object = {}) =>
  classManifest('main', { isDefault: true, addressPool }, metadata);
const edge = (spec: object = {}) =>
  classManifest('edge', { addressPool: ['198.51.100.0/28'], ...spec });
/** Refused as long as anybody judges and there is `main`. */
const SECOND_DEFAULT = edge({ isDefault: true });

/** Each starts a controller or two, and kubectl again and again. */
const DEADLINE_MS = 120_000;

const SCENARIOS: readonly ClusterScenario[] = [
  { name: 'admission/schema says what the rows of verdicts say', play: replayVerdicts },

  {
    name: 'admission/one default class, whoever writes it how',
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        await startJudging(bench);
        await known(bench, main());
        refused(
          await bench.apply([], SECOND_DEFAULT),
          /"edge" can't be the default: MetalLoadBalancerClass "main" is/,
        );
        assert.equal(await bench.apply([], main(undefined, { labels: { team: 'a' } })), ACCEPTED);
        await known(bench, edge());
        refused(await bench.apply([], SECOND_DEFAULT), /"edge" can't be the default/);
        const cleared = classManifest('main', { isDefault: false, addressPool: ['192.0.2.0/28'] });
        assert.equal(await bench.apply([], cleared), ACCEPTED);
        await until({ what: 'edge may be the default', deadlineMs: 5_000 }, async () => {
          return (await bench.apply([], SECOND_DEFAULT)).accepted;
        });
      }),
  },

  {
    name: 'admission/pools that overlap are refused with both names',
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        await startJudging(bench);
        await known(bench, main());
        const over = edge({ addressPool: ['192.0.2.8/29'] });
        const names =
          /"edge" overlaps that of MetalLoadBalancerClass "main" in 192\.0\.2\.8-192\.0\.2\.15/;
        refused(await bench.apply([], over), names);
        await known(bench, edge());
        refused(await bench.apply([], over), names);
      }),
  },

  {
    name: 'admission/what is assigned stays, and whoever takes it out of a pool or deletes the class is told',
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        await startJudging(bench);
        for (const name of ['n1', 'n2', 'n3']) await bench.apply([], created(node(name)));
        await known(bench, main());
        const web = created(service('web', { count: 3 }));
        assert.equal(await bench.apply([], web), ACCEPTED);
        const ips = await until({ what: 'three IPs', deadlineMs: 10_000 }, () => threeIps(bench));
        assert.equal(await bench.apply([], main(['192.0.2.8/29'])), {
          ...ACCEPTED,
          warnings: [
            '3 assigned IPs are not in spec.addressPool of MetalLoadBalancerClass "main" any more and stay assigned: 192.0.2.0, 192.0.2.1, 192.0.2.2',
          ],
        });
        const deleted = await bench.kubectl(['delete', 'metalloadbalancerclass', 'main']);
        assert.equal(deleted, {
          ...ACCEPTED,
          warnings: [
            '1 Service of MetalLoadBalancerClass "main" keeps its IPs and will get no others until there is a class of that name again: default/web',
          ],
        });
        assert.equal(await threeIps(bench), ips);
      }),
  },

  {
    name: 'admission/annotations that can’t be understood are told and nothing more',
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        await startJudging(bench);
        await known(bench, main());
        const web = created(service('web', { count: 'three', classAnnotation: 'man' }));
        const prefix = 'metadata.annotations[network.deckhouse.io/';
        assert.equal(await bench.apply([], web), {
          ...ACCEPTED,
          warnings: [
            `${prefix}l2-load-balancer-external-ips-count] is "three": expected an integer from 1 to 1000, or auto; a Service keeps as many as it has, a new one gets 1`,
            `${prefix}metal-load-balancer-class] is "man": expected the name of a MetalLoadBalancerClass in force; the Service gets no IPs until there is one`,
          ],
        });
        const internal = created(
          service('internal', { count: 'three', spec: { type: 'ClusterIP' } }),
        );
        assert.equal(await bench.apply([], internal), ACCEPTED);
      }),
  },

  {
    name: 'admission/classes of the migration are Deckhouse’s under ModuleConfig v1 only',
    isLong: true,
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        const labels = { 'auto-generated-by': 'd8-migration-hook' };
        const strict = bench.startController(undefined, ['--module-config-version=1']);
        await bench.judging();
        assert.equal(await bench.apply([], main(undefined, { labels })), ACCEPTED);
        const edited = main(['192.0.2.0/27'], { labels });
        const deletion = ['delete', 'metalloadbalancerclass', 'main'];
        refused(await bench.apply([], edited), /"main" was made by Deckhouse's migration/);
        refused(await bench.kubectl(deletion), /"main" was made by Deckhouse's migration/);
        assert.equal(
          await bench.apply([`--as=${DECKHOUSE}`, '--as-group=system:masters'], edited),
          ACCEPTED,
        );
        await strict.stop();
        await startJudging(bench);
        assert.equal(await bench.apply([], main(['192.0.2.0/26'], { labels })), ACCEPTED);
        assert.is((await bench.kubectl(deletion)).accepted, true);
      }),
  },

  {
    name: 'admission/a certificate is replaced under load and no write goes unjudged',
    isLong: true,
    play: (cluster) => withAdmission(cluster, (bench) => replaceUnderLoad(bench, cluster.tell)),
  },

  {
    name: 'admission/two replicas serve the same certificate, and one goes on alone',
    isLong: true,
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        const first = bench.startController('127.0.0.1');
        await bench.judging();
        bench.startController('127.0.0.2');
        const same = await bench.served('127.0.0.1');
        await until({ what: 'both serve it', deadlineMs: 30_000, everyMs: 100 }, async () => {
          return (await bench.served('127.0.0.2').catch(() => undefined)) === same;
        });
        await first.killTree();
        await bench.leadTo('127.0.0.2');
        await bench.judging();
        await known(bench, main());
        refused(await bench.apply([], SECOND_DEFAULT), /can't be the default/);
      }),
  },

  {
    name: 'admission/without a controller every write passes, and the controller finds what is wrong later',
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        const controller = await startJudging(bench);
        await known(bench, main());
        await controller.killTree();
        assert.equal(await bench.apply([], SECOND_DEFAULT), ACCEPTED);
        await startJudging(bench);
        // Which of the two is older is a matter of whole seconds.
        await until({ what: 'one of them is told', deadlineMs: 10_000 }, async () => {
          const both = await Promise.all(['main', 'edge'].map((name) => conditionsOf(bench, name)));
          return both.flat().includes('Default=False/AnotherDefault');
        });
      }),
  },
];

export const scenarios = SCENARIOS.map((one) => ({ ...one, deadlineMs: DEADLINE_MS }));

async function replayVerdicts({ api }: TestCluster): Promise<void> {
  const rows = [
    ...POOL_ITEMS.map(([item, , verdict]) => ({
      name: item,
      spec: { addressPool: [item] },
      verdict,
    })),
    ...SPECS.map(({ name, spec, bySchema }) => ({ name, spec, verdict: bySchema })),
  ];
  assert.ok(rows.length > 50);
  const said = rows.map(async ({ name, spec }) => {
    const path = `${CLASSES}?dryRun=All`;
    const { status } = await api.ask('POST', path, { ...classManifest('row', {}), spec });
    return `${name}: ${status === 201 ? 'accepted' : status === 422 ? 'refused' : status}`;
  });
  const expected = rows.map(({ name, verdict }) => `${name}: ${verdict ? 'accepted' : 'refused'}`);
  assert.equal(await Promise.all(said), expected);
}

async function replaceUnderLoad(bench: AdmissionBench, tell: TestCluster['tell']): Promise<void> {
  const aged = await issueCertificate({
    dnsNames: DNS_NAMES,
    nowEpochMs: Date.now() - 61 * DAY_MS,
  });
  await bench.putSecret({
    'tls.crt': aged.certificate,
    'tls.key': aged.privateKey,
    'ca.crt': aged.authorities,
  });
  await startJudging(bench);
  await known(bench, main());
  const before = await bench.served();
  const answers = new Map<string, number>();
  let isOver = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const { status, body } = await bench.api.ask('POST', `${CLASSES}?dryRun=All`, SECOND_DEFAULT);
      const isJudged = status === 403 && JSON.stringify(body).includes("can't be the default");
      const answer = isJudged ? 'judged' : `${status} ${JSON.stringify(body)}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  });
  await until(
    { what: 'another certificate is served', deadlineMs: 60_000, everyMs: 50 },
    async () => {
      return (await bench.served()) !== before;
    },
  );
  const judgedBefore = answers.get('judged') ?? 0;
  await until({ what: 'more is judged with it', deadlineMs: 20_000 }, () => {
    return (answers.get('judged') ?? 0) > judgedBefore + 50;
  });
  refused(await bench.apply([], SECOND_DEFAULT), /can't be the default/);
  isOver = true;
  await Promise.all(load);
  assert.equal([...answers.keys()], ['judged']);
  assert.ok(judgedBefore > 20, `${judgedBefore} before`);
  tell(`${answers.get('judged')} writes judged, ${judgedBefore} of them before the replacement`);
  const secret = await bench.secret();
  const trusted = await bench.trusted();
  assert.is(trusted.length, 3, 'every webhook');
  assert.equal([...new Set(trusted)], [secret?.['ca.crt']]);
  assert.is(secret?.['ca.crt']?.endsWith(aged.authorities), true);
}

async function startJudging(bench: AdmissionBench) {
  const controller = bench.startController();
  await bench.judging();
  return controller;
}

/** Applies a class, and waits until the controller has seen it. */
async function known(bench: AdmissionBench, manifest: object): Promise<void> {
  assert.equal(await bench.apply([], manifest), ACCEPTED);
  const { name } = (manifest as { metadata: { name: string } }).metadata;
  await until({ what: `${name} is accepted`, deadlineMs: 10_000 }, async () => {
    return (await conditionsOf(bench, name)).includes('Accepted=True/Accepted');
  });
}

function refused(said: Said, why: RegExp): void {
  assert.is(said.accepted, false);
  assert.match(
    said.refusal ?? '',
    /admission webhook "classes\.metallb\.deckhouse\.io" denied the request/,
  );
  assert.match(said.refusal ?? '', why);
}

interface WithStatus {
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason: string }[];
    readonly loadBalancer?: { readonly ingress?: readonly { ip: string }[] };
  };
}

async function conditionsOf({ api }: AdmissionBench, name: string): Promise<string[]> {
  const { status } = (await api.get(objectPath('MetalLoadBalancerClass', name))) as WithStatus;
  return (status?.conditions ?? []).map((one) => `${one.type}=${one.status}/${one.reason}`);
}

async function threeIps({ api }: AdmissionBench): Promise<string[] | undefined> {
  const { status } = (await api.get(objectPath('Service', 'web', 'default'))) as WithStatus;
  const ips = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return ips.length === 3 ? ips : undefined;
}

/** Without what only the API server gives. */
function created(object: { readonly metadata: object }): object {
  const {
    uid: _,
    resourceVersion: __,
    creationTimestamp: ___,
    ...metadata
  } = {
    uid: '',
    resourceVersion: '',
    creationTimestamp: '',
    ...object.metadata,
  };
  return { ...object, metadata };
}
