import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  admissionAnswer,
  parseAdmissionReview,
} from '../../modules/metallb/src/admission/admission-review.ts';
import { classOf } from '../support/cluster-objects.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';
import { CLASSES, creation, SERVICES, verdictOn } from './admission-bench.ts';

/** As kube-apiserver 1.36 sends it. */
function reviewOf(request: object): object {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '8ce3b3a4-6a2c-4a33-9a2f-2d1e4d6c5b7a',
      kind: { group: 'network.deckhouse.io', version: 'v1alpha1', kind: 'MetalLoadBalancerClass' },
      resource: { ...CLASSES, version: 'v1alpha1' },
      requestKind: {
        group: 'network.deckhouse.io',
        version: 'v1alpha1',
        kind: 'MetalLoadBalancerClass',
      },
      requestResource: { ...CLASSES, version: 'v1alpha1' },
      name: 'edge',
      operation: 'CREATE',
      userInfo: { username: 'lab-admin', uid: 'lab-admin', groups: ['system:masters'] },
      object: { spec: {} },
      oldObject: null,
      dryRun: false,
      options: null,
      ...request,
    },
  };
}

test('reads what the module needs of a review', () => {
  assert.equal(parsedValue(parseAdmissionReview(reviewOf({}))), {
    uid: '8ce3b3a4-6a2c-4a33-9a2f-2d1e4d6c5b7a',
    resource: CLASSES,
    subResource: undefined,
    username: 'lab-admin',
    change: { operation: 'CREATE', object: { spec: {} } },
  });
});

const [object, oldObject] = [{ metadata: { name: 'new' } }, { metadata: { name: 'old' } }];
for (const [operation, objects, change] of [
  ['CREATE', { object, oldObject: null }, { operation: 'CREATE', object }],
  ['UPDATE', { object, oldObject }, { operation: 'UPDATE', object, oldObject }],
  ['DELETE', { object: null, oldObject }, { operation: 'DELETE', oldObject }],
] as const) {
  test(`${operation} carries the objects that it has`, () => {
    const read = parsedValue(parseAdmissionReview(reviewOf({ operation, ...objects })));
    assert.equal(read.change, change);
  });
}

const malformed: [name: string, body: unknown, problem: RegExp][] = [
  ['no object', null, /\(whole object\).*expected an object/],
  ['a list', [], /expected an object/],
  [
    'an older version',
    { ...reviewOf({}), apiVersion: 'admission.k8s.io/v1beta1' },
    /apiVersion.*expected admission\.k8s\.io\/v1$/,
  ],
  ['another kind', { ...reviewOf({}), kind: 'ConversionReview' }, /kind.*expected AdmissionReview/],
  ['no request', { ...reviewOf({}), request: undefined }, /request is missing/],
  ['no uid', reviewOf({ uid: '' }), /request\.uid is ""/],
  ['no user', reviewOf({ userInfo: undefined }), /request\.userInfo is missing/],
  ['no resource', reviewOf({ resource: { group: '' } }), /request\.resource\.resource is missing/],
  ['an unknown operation', reviewOf({ operation: 'CONNECT' }), /request\.operation is "CONNECT"/],
  ['a creation of nothing', reviewOf({ object: null }), /request\.object is missing/],
  ['an update of nothing', reviewOf({ operation: 'UPDATE' }), /request\.oldObject is missing/],
  ['a deletion of nothing', reviewOf({ operation: 'DELETE' }), /request\.oldObject is missing/],
  ['text for an object', reviewOf({ object: 'class' }), /request\.object is "class"/],
];
for (const [name, body, problem] of malformed) {
  test(`refuses a review with ${name}`, () => {
    const problems = problemsOf(parseAdmissionReview(body));
    assert.is(problems.length, 1, problems.join());
    assert.match(problems[0] ?? '', problem);
  });
}

test('an answer repeats the uid of the request', () => {
  assert.equal(admissionAnswer('u1', { refusals: [], warnings: [] }), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u1', allowed: true },
  });
});

test('an answer carries all refusals and warnings', () => {
  assert.equal(admissionAnswer('u1', { refusals: ['a', 'b'], warnings: ['c'] }), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid: 'u1',
      allowed: false,
      status: { code: 403, message: 'a; b' },
      warnings: ['c'],
    },
  });
});

const first = classOf('main', { isDefault: true });
const second = classOf('edge', { isDefault: true });
for (const [name, asked] of [
  ['the status of a class', { resource: CLASSES, subResource: 'status' }],
  ['a kind of another group', { resource: { ...CLASSES, group: 'example.org' } }],
  ['another kind', { resource: { group: '', resource: 'pods' } }],
  ['a class that is said to be a Service', { resource: SERVICES }],
] as const) {
  test(`has nothing to say about ${name}`, () => {
    assert.is(verdictOn(creation(second), { classes: [first] }).refusals.length, 2);
    assert.equal(verdictOn(creation(second), { classes: [first] }, asked), {
      refusals: [],
      warnings: [],
    });
  });
}

test.run();
