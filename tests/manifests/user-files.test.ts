import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  formatManifestProblem,
  parseManifest,
} from '../../modules/metallb/src/manifests/parse-documents.ts';
import { UserFiles } from '../../modules/metallb/src/manifests/user-files.ts';
import type { ObjectRef } from '../../modules/metallb/src/store/store.ts';

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: nginx\n';

function service(name: string, port = 80): string {
  return `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {port: ${port}}\n`;
}

for (const [name, text, objects] of [
  ['an empty file asks for nothing', '', []],
  ['comments and empty documents ask for nothing', '# later\n---\n---\n', []],
  ['a document without namespace is in default', SERVICE, ['Service default/nginx']],
  ['documents keep their namespace', `${SERVICE}  namespace: web\n`, ['Service web/nginx']],
  [
    'cluster-scoped objects have no namespace',
    'apiVersion: v1\nkind: Node\nmetadata: {name: n1, namespace: web}\n',
    ['Node undefined/n1'],
  ],
  [
    'a file has many documents',
    `---\n${SERVICE}---\n${service('b')}`,
    ['Service default/nginx', 'Service default/b'],
  ],
  [
    'kinds that are not ours are ignored, also those that share a name',
    `apiVersion: deckhouse.io/v1alpha1\nkind: ModuleConfig\nmetadata: {name: metallb}\n---\n${SERVICE.replace('v1', 'serving.knative.dev/v1')}`,
    [],
  ],
  [
    'a List is its items',
    `apiVersion: v1\nkind: List\nitems:\n- ${SERVICE.trim().replaceAll('\n', '\n  ')}\n`,
    ['Service default/nginx'],
  ],
  [
    'JSON is YAML',
    '{"apiVersion":"v1","kind":"Service","metadata":{"name":"nginx"}}',
    ['Service default/nginx'],
  ],
] as const) {
  test(name, () => {
    const parsed = parseManifest('a.yaml', text);
    assert.equal(parsed.problems, []);
    assert.equal(
      parsed.objects.map(({ object: { kind, metadata } }) =>
        [kind, `${metadata.namespace}/${metadata.name}`].join(' '),
      ),
      objects,
    );
  });
}

for (const [name, text, problem] of [
  ['a syntax error', `${SERVICE}---\na: [1,\nb: 2\n`, /^a.yaml:7: .*flow/i],
  ['a text', 'hello\n', /^a.yaml:1: this is no Kubernetes object/],
  ['a missing kind', 'apiVersion: v1\n', /^a.yaml:1: kind is missing/],
  ['a missing name', 'apiVersion: v1\nkind: Service\nmetadata: {}\n', /metadata.name is missing/],
  [
    'a name that leads elsewhere',
    SERVICE.replace('nginx', '../../etc'),
    /metadata.name is "..\/../,
  ],
  [
    'a name that no file can have',
    SERVICE.replace('nginx', 'x'.repeat(251)),
    /metadata.name is "x+…: expected .*, at most 250 of them$/,
  ],
  [
    'an unquoted number',
    `# first\n${SERVICE}  annotations:\n    count: 3\n`,
    /^a.yaml:2: Service: metadata.annotations\["count"\] is 3: expected a string, put it in quotes$/,
  ],
  [
    'a version of ours that is not known',
    'apiVersion: network.deckhouse.io/v9\nkind: MetalLoadBalancerClass\nmetadata: {name: a}\n',
    /apiVersion is network.deckhouse.io\/v9: expected network.deckhouse.io\/v1alpha1/,
  ],
  [
    'a child',
    'apiVersion: internal.network.deckhouse.io/v1alpha1\nkind: SDNInternalL2LBService\nmetadata: {name: a}\n',
    /made by the controller/,
  ],
  [
    'aliases that unfold without end',
    `a: &a [1,1,1,1,1,1,1,1,1,1]\n${Array.from('bcdefghi', (letter, index) => `${letter}: &${letter} [${Array(10).fill(`*${String.fromCharCode(97 + index)}`)}]`).join('\n')}\n`,
    /alias/i,
  ],
] as const) {
  test(`refused with file and line: ${name}`, () => {
    const { problems } = parseManifest('a.yaml', text);
    assert.is(problems.length, 1);
    assert.match(problems.map(formatManifestProblem).join('\n'), problem);
  });
}

test('an older version of a kind is taken as the present one, as an API server has it', () => {
  const { objects, problems } = parseManifest(
    'a.yaml',
    `apiVersion: metallb.io/v1beta1
kind: BGPPeer
metadata: {name: tor, namespace: metallb-system}
spec:
  myASN: 64500
  peerASN: 64501
  peerAddress: 172.16.1.1
  peerPort: 0
  nodeSelectors: [{matchExpressions: [{key: edge, operator: Exists, values: [any]}]}]
`,
  );
  assert.equal(problems, []);
  assert.equal(objects[0]?.object, {
    ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer' },
    metadata: { name: 'tor', namespace: 'metallb-system' },
    spec: {
      ...{ myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' },
      nodeSelectors: [{ matchExpressions: [{ key: 'edge', operator: 'Exists' }] }],
    },
  });
});

test('what belongs to another cluster is left out', () => {
  const { objects } = parseManifest(
    'a.yaml',
    `${SERVICE}  uid: x\n  resourceVersion: "5"\n  ownerReferences: [{uid: y}]\n`,
  );
  assert.equal(objects[0]?.object.metadata, { name: 'nginx', namespace: 'default' });
});

function setUp() {
  const problems: string[] = [];
  const files = new UserFiles((problem) => problems.push(formatManifestProblem(problem)));
  const update = (texts: Record<string, string | undefined>): string[] =>
    files
      .update(new Map(Object.entries(texts)))
      .map(({ name }) => name)
      .sort();
  const where = (name: string): string | undefined => files.get(refOf(name))?.file;
  const spec = (name: string): unknown => files.get(refOf(name))?.object.spec;
  return { problems, update, where, spec };
}

function refOf(name: string): ObjectRef {
  return { kind: 'Service', namespace: 'default', name };
}

test('of a file with something broken in it the rest counts, and what it asked for before stays', () => {
  const { update, spec, where, problems } = setUp();
  update({ 'a.yaml': `${service('x')}---\n${service('y')}` });
  assert.equal(update({ 'a.yaml': `${service('x', 90)}---\nkind: [` }), ['x', 'y']);
  assert.equal(spec('x'), { port: 90 });
  assert.equal(spec('y'), { port: 80 }, 'it may be what can not be read');
  assert.is(problems.length > 0, true);
  assert.equal(update({ 'a.yaml': service('x', 90) }), ['x', 'y']);
  assert.is(where('y'), undefined);
});

test('a new file with something broken in it asks for the rest', () => {
  const { update, where } = setUp();
  update({ 'a.yaml': `kind: [\n---\n${service('x')}` });
  assert.is(where('x'), 'a.yaml');
});

for (const nothing of ['', '\n']) {
  test(`a file emptied to ${JSON.stringify(nothing)} is about to be written: it keeps asking for what it last did`, () => {
    const { update, where, problems } = setUp();
    update({ 'a.yaml': service('x') });
    assert.equal(update({ 'a.yaml': nothing }), []);
    assert.is(where('x'), 'a.yaml');
    assert.equal(problems, [
      'a.yaml:1: is empty; what it said before stays in force: remove the file to delete its objects',
    ]);
    assert.equal(update({ 'a.yaml': service('y') }), ['x', 'y']);
  });
}

test('a file of nothing but comments asks for nothing', () => {
  const { update, where } = setUp();
  update({ 'a.yaml': service('x') });
  assert.equal(update({ 'a.yaml': '# not needed at the moment\n' }), ['x']);
  assert.is(where('x'), undefined);
});

test('an object twice in one file is refused with both lines', () => {
  const { update, where, problems } = setUp();
  update({ 'a.yaml': `${service('x')}---\n${service('x')}` });
  assert.is(where('x'), undefined);
  assert.equal(problems, ['a.yaml:6: Service/default/x is defined in line 1 already']);
});

test('of two files with one object the first stays in force until it lets go', () => {
  const { update, where, spec, problems } = setUp();
  update({ 'a.yaml': service('x') });
  assert.equal(update({ 'b.yaml': `${service('x', 90)}---\n${service('y')}` }), []);
  assert.equal(problems, ['b.yaml:1: Service/default/x is defined in a.yaml already']);
  assert.equal(update({ 'a.yaml': service('z') }), ['x', 'y', 'z']);
  assert.is(where('x'), 'b.yaml');
  assert.equal(spec('x'), { port: 90 });
  assert.is(problems.length, 1);
});

test('objects move and swap between files without ever being gone', () => {
  const { update, where, problems } = setUp();
  update({ 'a.yaml': service('x'), 'b.yaml': service('y') });
  update({ 'a.yaml': service('y'), 'b.yaml': service('x') });
  assert.equal([where('x'), where('y')], ['b.yaml', 'a.yaml']);
  update({ 'b.yaml': undefined, 'c.yaml': service('x') });
  assert.is(where('x'), 'c.yaml');
  assert.equal(problems, []);
});

test('a file that is gone asks for nothing', () => {
  const { update, where } = setUp();
  update({ 'a.yaml': service('x') });
  assert.equal(update({ 'a.yaml': undefined }), ['x']);
  assert.is(where('x'), undefined);
});

test.run();
