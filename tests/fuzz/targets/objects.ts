import { ok } from 'node:assert';
import { hook as expandServices } from '../../../modules/metallb/hooks/expand-services.ts';
import { ContextError, parseContexts } from '../../../modules/metallb/hooks/lib/contexts.ts';
import { parseAdmissionReview } from '../../../modules/metallb/src/admission/admission-review.ts';
import { parseChild } from '../../../modules/metallb/src/api/child.ts';
import { parseEndpointSlice } from '../../../modules/metallb/src/api/endpoint-slice.ts';
import { isRecord } from '../../../modules/metallb/src/api/fields.ts';
import { parseMetalLoadBalancerClass } from '../../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { parseNode } from '../../../modules/metallb/src/api/node.ts';
import { parseObject } from '../../../modules/metallb/src/api/object.ts';
import { formatProblems, type Parsed } from '../../../modules/metallb/src/api/problem.ts';
import { parsePublishedService } from '../../../modules/metallb/src/api/published-service.ts';
import { parseService } from '../../../modules/metallb/src/api/service.ts';
import { readDump } from '../../../modules/metallb/src/cli/dumped-objects.ts';
import { CommandFailure } from '../../../modules/metallb/src/cli/failure.ts';
import { parseSpeakerStatus } from '../../../modules/metallb/src/cli/speaker-status.ts';
import { parseApiObject } from '../../../modules/metallb/src/kube/kinds.ts';
import {
  parseWatchLine,
  UnreadableWatchError,
} from '../../../modules/metallb/src/kube/watch-stream.ts';
import { parseFragments } from '../../../modules/metallb/src/manifests/fragment-file.ts';
import {
  formatManifestProblem,
  parseManifest,
} from '../../../modules/metallb/src/manifests/parse-documents.ts';
import { parseObjectFile } from '../../../modules/metallb/src/manifests/published-objects.ts';
import {
  parseIpAddressPool,
  parseL2Advertisement,
} from '../../../modules/metallb/src/migration/metallb-objects.ts';
import { parseModuleConfig } from '../../../modules/metallb/src/migration/module-config.ts';
import { child, classOf, node, service } from '../../support/cluster-objects.ts';
import { accepted, jsonTarget, type Target, textTarget } from '../target.ts';

type Parse = (object: unknown) => Parsed<unknown>;

const PARSERS = {
  MetalLoadBalancerClass: parseMetalLoadBalancerClass,
  SDNInternalL2LBService: parseChild,
  Service: parseService,
  Node: parseNode,
  EndpointSlice: parseEndpointSlice,
} as const satisfies Readonly<Record<string, Parse>>;
type KnownKind = keyof typeof PARSERS;
const KINDS = Object.keys(PARSERS) as KnownKind[];

const SLICE = {
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
  metadata: { name: 'web-1', namespace: 'default', uid: 'u', resourceVersion: '1' },
  endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1', conditions: { ready: true } }],
};
const OBJECTS = [
  node('n1', { 'node-role.kubernetes.io/loadbalancer': '' }),
  classOf('ingress', {
    nodeSelector: { a: 'b' },
    interfaces: ['eth0'],
    failback: { mode: 'Window', window: { from: '01:00', to: '03:00' } },
  }),
  service('web', { count: 3, ips: '192.0.2.10,192.0.2.11', sharedIpKey: 'dns' }),
  child('web-0', { service: 'web', className: 'ingress', node: 'n1', ips: ['192.0.2.10'] }),
  SLICE,
].map((object) => JSON.stringify(object));
const LIST = JSON.stringify({
  ...{ apiVersion: 'v1', kind: 'List' },
  items: [{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }, service('web')],
});
const FRAGMENTS = JSON.stringify({
  node: 'n1',
  fragments: [{ kind: 'Node', name: 'n1', uid: 'u', order: 1, status: { conditions: [] } }],
});
const REVIEW = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u',
    resource: { group: '', version: 'v1', resource: 'services' },
    userInfo: { username: 'jane' },
    operation: 'UPDATE',
    object: service('web'),
    oldObject: service('web'),
  },
});
const CONTEXTS = JSON.stringify([
  {
    binding: 'services',
    snapshots: {
      ...{ services: [{ filterResult: service('web') }], children: [] },
      ...{ classes: [{ object: classOf('ingress') }], nodes: [{ object: node('n1') }] },
    },
  },
]);
const SPEAKER_STATUS = JSON.stringify({
  ...{ node: 'n1', storeConnected: true, wireConnected: true, duties: [{ ip: '192.0.2.10' }] },
  served: [{ interface: 'eth0', pools: ['192.0.2.0/24', '2001:db8::1-2001:db8::9'] }],
  conditions: [{ type: 'Deaf', message: 'x' }],
});
const MIGRATED = [
  {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'p' } },
    spec: { addresses: ['192.0.2.0/24'] },
  },
  {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement', metadata: { name: 'a' } },
    spec: { ipAddressPools: ['p'], interfaces: ['eth0'], nodeSelectors: [{ matchLabels: {} }] },
  },
  {
    ...{ apiVersion: 'deckhouse.io/v1alpha1', kind: 'ModuleConfig', metadata: { name: 'metallb' } },
    spec: {
      version: 2,
      settings: {
        addressPools: [{ name: 'p', protocol: 'layer2', addresses: ['192.0.2.0/24'] }],
        bgpPeers: [{ 'peer-address': '192.0.2.1', 'peer-asn': 64_500, 'my-asn': 64_501 }],
      },
    },
  },
].map((object) => JSON.stringify(object));
const WORDS = [
  'apiVersion',
  'metadata',
  'spec',
  'status',
  'annotations',
  'null',
  '"kind"',
  '---\n',
];

/** A person waits for it, or a program that answers nobody. */
const YAML_MS = 1_000;
const WATCH_TYPES = ['changed', 'deleted', 'bookmark', 'error'];

/** Whatever is wrong with an object, it can be said. */
function checkParsed(...parsers: readonly Parse[]): (object: unknown) => void {
  return (object) => {
    for (const parse of parsers) {
      const parsed = parse(object);
      if (!parsed.ok) formatProblems(parsed.problems);
    }
  };
}

/** A watch is of one kind: the length chooses. */
function checkWatchLine(line: string): void {
  const kind = KINDS[line.length % KINDS.length] ?? 'Service';
  const event = accepted(() => parseWatchLine(kind, line), UnreadableWatchError);
  if (event !== undefined) ok(WATCH_TYPES.includes(event.type), String(event.type));
  if (event?.type === 'changed') checkParsed(PARSERS[kind])(event.object);
}

/** Versions of what is kept are compared. */
function checkStateFile(text: string): void {
  parseFragments('n1', text);
  const { metadata } = parseObjectFile(text) ?? {};
  if (metadata !== undefined) ok(Number.isSafeInteger(Number(metadata.resourceVersion)));
}

function checkManifest(_: unknown, text: string): void {
  const { objects, problems } = parseManifest('services.yaml', text);
  for (const problem of problems) formatManifestProblem(problem);
  for (const { object } of objects) checkObject(object);
}

function checkDump(_: unknown, text: string): void {
  accepted(() => readDump([{ name: 'dump.yaml', text }]), CommandFailure);
}

/** As what it says it is; as anything where it says nothing known. */
function checkObject(object: unknown): void {
  const said = isRecord(object) ? object['kind'] : undefined;
  const known = KINDS.filter((kind) => kind === said);
  const kinds = known.length > 0 ? known : KINDS;
  checkParsed(parseObject, parsePublishedService, ...kinds.map((kind) => PARSERS[kind]))(object);
  for (const kind of kinds) parseApiObject(kind, object);
}

export const OBJECT_TARGETS: readonly Target[] = [
  jsonTarget({
    ...{ name: 'object', seeds: OBJECTS, dictionary: WORDS },
    check: checkObject,
  }),
  textTarget({
    ...{
      name: 'watch-line',
      grammar: 'json',
      dictionary: ['ADDED', 'BOOKMARK', 'ERROR', 'constructor', ...WORDS],
    },
    seeds: [
      ...OBJECTS.map((object) => `{"type":"MODIFIED","object":${object}}`),
      '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}',
      '{"type":"ERROR","object":{"code":410,"message":"too old resource version"}}',
    ],
    check: checkWatchLine,
  }),
  jsonTarget({
    ...{ name: 'manifest', seeds: [LIST, ...OBJECTS], dictionary: WORDS },
    ...{ slowMs: YAML_MS, check: checkManifest },
  }),
  jsonTarget({
    ...{ name: 'dump', seeds: [LIST, ...OBJECTS], dictionary: WORDS },
    ...{ slowMs: YAML_MS, check: checkDump },
  }),
  textTarget({
    ...{ name: 'state-file', grammar: 'json', seeds: [FRAGMENTS, ...OBJECTS] },
    check: checkStateFile,
  }),
  jsonTarget({
    ...{ name: 'admission-review', seeds: [REVIEW], dictionary: WORDS },
    check: checkParsed(parseAdmissionReview),
  }),
  textTarget({
    ...{ name: 'binding-context', grammar: 'json', seeds: [CONTEXTS], dictionary: WORDS },
    check: (text) =>
      void accepted(() => parseContexts(text, expandServices.config), ContextError, SyntaxError),
  }),
  jsonTarget({
    ...{ name: 'speaker-status', seeds: [SPEAKER_STATUS] },
    check: (value) => void parseSpeakerStatus(value),
  }),
  jsonTarget({
    ...{ name: 'migrated-object', seeds: MIGRATED, dictionary: WORDS },
    check: checkParsed(parseIpAddressPool, parseL2Advertisement, parseModuleConfig),
  }),
];
