import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiClient } from '../../modules/metallb/src/kube/api-client.ts';
import type { ApiRequest } from '../../modules/metallb/src/kube/api-request.ts';
import { ForbiddenError } from '../../modules/metallb/src/kube/errors.ts';
import { KubeEventSink } from '../../modules/metallb/src/kube/event-sink.ts';
import { KubeLease, listLeases } from '../../modules/metallb/src/kube/leases.ts';
import {
  ConflictError,
  NotFoundError,
  StoreUnavailableError,
} from '../../modules/metallb/src/store/errors.ts';
import type { RecordedEvent } from '../../modules/metallb/src/store/event-sink.ts';

/** Answers everything alike and remembers what it was asked. */
class OneAnswer implements ApiClient {
  readonly asked: ApiRequest[] = [];
  readonly #answer: unknown;

  constructor(answer: unknown) {
    this.#answer = answer;
  }

  async request(request: ApiRequest): Promise<unknown> {
    this.asked.push(request);
    if (this.#answer instanceof Error) throw this.#answer;
    return this.#answer;
  }
}

const PLACE = { namespace: 'd8-metallb', name: 'metallb-controller' };
const FOLDER = '/apis/coordination.k8s.io/v1/namespaces/d8-metallb/leases';
const OBJECT = {
  metadata: { resourceVersion: '7', labels: { some: 'label' } },
  spec: {
    holderIdentity: 'pod-1_aa',
    leaseDurationSeconds: 3,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:05.123000Z',
    leaseTransitions: 4,
  },
};
const RECORD = {
  holder: 'pod-1_aa',
  durationMs: 3_000,
  acquiredEpochMs: Date.UTC(2026, 0, 1),
  renewedEpochMs: Date.UTC(2026, 0, 1, 0, 0, 5, 123),
  transitions: 4,
};

test('a Lease is read with its version', async () => {
  const api = new OneAnswer(OBJECT);
  assert.equal(await new KubeLease(api, PLACE).read(700), { ...RECORD, version: '7' });
  assert.equal(api.asked, [
    { method: 'GET', path: `${FOLDER}/metallb-controller`, timeoutMs: 700 },
  ]);
});

test('a Lease that is not there is none, and one without a holder has none', async () => {
  const missing = new OneAnswer(new NotFoundError('no such Lease'));
  assert.is(await new KubeLease(missing, PLACE).read(700), undefined);
  const bare = new OneAnswer({
    metadata: { resourceVersion: '1' },
    spec: { holderIdentity: null },
  });
  const lease = await new KubeLease(bare, PLACE).read(700);
  assert.equal([lease?.holder, lease?.durationMs, lease?.transitions], ['', undefined, 0]);
});

test('it is created as others write it', async () => {
  const api = new OneAnswer(OBJECT);
  await new KubeLease(api, PLACE).create(RECORD, 700);
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: PLACE,
    spec: OBJECT.spec,
  };
  assert.equal(api.asked, [{ method: 'POST', path: FOLDER, body, timeoutMs: 700 }]);
});

test('one that may not be created is to come back with its release', async () => {
  const api = new OneAnswer(new ForbiddenError('leases is forbidden'));
  const said = await new KubeLease(api, PLACE).create(RECORD, 700).then(() => 'created', String);
  assert.match(said, /^ForbiddenError: Lease d8-metallb\/metallb-controller is missing, and only/);
  const lost = new OneAnswer(new StoreUnavailableError('connection lost'));
  assert.match(
    await new KubeLease(lost, PLACE).create(RECORD, 700).then(() => 'created', String),
    /connection lost$/,
  );
});

test('those of a name are listed in all namespaces, with a selector that a role can be limited to', async () => {
  const { metadata, spec } = OBJECT;
  const items = [
    { metadata: { ...metadata, namespace: 'a' }, spec },
    { metadata: { ...metadata, namespace: 'b' } },
  ];
  const api = new OneAnswer({ items });
  const leases = await listLeases(api, 'metallb-controller');
  assert.equal(
    leases.map(({ namespace, lease: { holder, version } }) => [namespace, holder, version]),
    [
      ['a', 'pod-1_aa', '7'],
      ['b', '', '7'],
    ],
  );
  const [{ path, query } = { path: '', query: {} }] = api.asked;
  assert.is(path, '/apis/coordination.k8s.io/v1/leases');
  assert.equal(query, { fieldSelector: 'metadata.name=metallb-controller' });
  const odd = new OneAnswer({ items: [{ metadata: {} }] });
  const refusal = await listLeases(odd, 'x').then(() => 'read', String);
  assert.match(refusal, 'no list of Leases x');
});

test('a renewal insists on the version that it is based on, and leaves labels alone', async () => {
  const api = new OneAnswer(OBJECT);
  await new KubeLease(api, PLACE).replace('7', RECORD, 700);
  const [request] = api.asked;
  assert.is(request?.contentType, 'application/json-patch+json');
  assert.equal(request?.body, [
    { op: 'test', path: '/metadata/resourceVersion', value: '7' },
    { op: 'add', path: '/spec', value: OBJECT.spec },
  ]);
});

test('a duration that is no whole number of seconds is told as a longer one', async () => {
  const api = new OneAnswer(OBJECT);
  await new KubeLease(api, PLACE).create({ ...RECORD, durationMs: 2_100 }, 700);
  assert.match(JSON.stringify(api.asked), '"leaseDurationSeconds":3');
});

test('what goes wrong is told as it is', async () => {
  const conflict = new KubeLease(new OneAnswer(new ConflictError('another version')), PLACE);
  const nonsense = new KubeLease(new OneAnswer({ kind: 'Status' }), PLACE);
  const failures = await Promise.all([
    conflict.replace('7', RECORD, 700).catch((reason: unknown) => reason),
    nonsense.read(700).catch((reason: unknown) => reason),
  ]);
  assert.instance(failures[0], ConflictError);
  assert.instance(failures[1], StoreUnavailableError);
});

const EVENT: RecordedEvent = {
  subject: { apiVersion: 'v1', kind: 'Service', namespace: 'web', name: 'nginx', uid: 'uid-1' },
  type: 'Normal',
  reason: 'IPAllocated',
  message: '192.0.2.10 assigned',
  name: 'nginx.1f',
  count: 1,
  firstEpochMs: Date.UTC(2026, 0, 1),
  lastEpochMs: Date.UTC(2026, 0, 1),
};
const SOURCE = { component: 'metallb-controller', host: 'pod-1' };

test('an Event is created beside its object, with who told it', async () => {
  const api = new OneAnswer({});
  await new KubeEventSink(api, SOURCE).create(EVENT);
  const [request] = api.asked;
  assert.is(request?.path, '/api/v1/namespaces/web/events');
  assert.equal(request?.body, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'nginx.1f', namespace: 'web' },
    involvedObject: EVENT.subject,
    type: 'Normal',
    reason: 'IPAllocated',
    message: '192.0.2.10 assigned',
    source: SOURCE,
    reportingComponent: 'metallb-controller',
    reportingInstance: 'pod-1',
    firstTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
    lastTimestamp: '2026-01-01T00:00:00Z',
  });
});

test('an Event about an object without a namespace goes into default', async () => {
  const api = new OneAnswer({});
  const subject = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-2' };
  await new KubeEventSink(api, SOURCE).create({ ...EVENT, subject });
  assert.is(api.asked[0]?.path, '/api/v1/namespaces/default/events');
});

test('a repeated Event has its count and time patched', async () => {
  const api = new OneAnswer({});
  const lastEpochMs = Date.UTC(2026, 0, 1, 1);
  await new KubeEventSink(api, SOURCE).repeat({ ...EVENT, count: 9, lastEpochMs });
  const [request] = api.asked;
  assert.equal(
    [request?.method, request?.path, request?.contentType],
    ['PATCH', '/api/v1/namespaces/web/events/nginx.1f', 'application/merge-patch+json'],
  );
  assert.equal(request?.body, { count: 9, lastTimestamp: '2026-01-01T01:00:00Z' });
});

test.run();
