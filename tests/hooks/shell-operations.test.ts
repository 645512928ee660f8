import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shellOperations } from '../../modules/metallb/hooks/lib/shell-operations.ts';
import { CHILD_API_VERSION, CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { NewObject, Operation } from '../../modules/metallb/src/store/store.ts';

const SERVICE = { kind: 'Service', namespace: 'default', name: 'nginx' } as const;
const childRef = (name: string) => ({ kind: CHILD_KIND, namespace: 'default', name }) as const;
const newChild = (name: string, namespace = 'default'): NewObject => ({
  apiVersion: CHILD_API_VERSION,
  kind: CHILD_KIND,
  metadata: { name, namespace },
});
const versionTest = { op: 'test', path: '/metadata/resourceVersion', value: '7' } as const;

function shellOperation(operation: Operation): unknown {
  const [only] = shellOperations([operation]);
  return JSON.parse(JSON.stringify(only));
}

test('a creation leaves alone what is there: the snapshot may be older', () => {
  const object = newChild('nginx-c-0');
  assert.equal(shellOperation({ do: 'create', object }), {
    operation: 'CreateIfNotExists',
    object,
  });
});

test('a deletion waits for nothing', () => {
  const operation = shellOperation({ do: 'delete', ref: childRef('nginx-c-0'), uid: 'u' });
  assert.equal(operation, {
    operation: 'DeleteInBackground',
    apiVersion: CHILD_API_VERSION,
    kind: CHILD_KIND,
    namespace: 'default',
    name: 'nginx-c-0',
  });
});

test('a patch of a status goes to the subresource, and the object may be gone', () => {
  const patch = [versionTest, { op: 'remove', path: '/status/loadBalancer/ingress' }] as const;
  assert.equal(shellOperation({ do: 'patch', ref: SERVICE, subresource: 'status', patch }), {
    operation: 'JSONPatch',
    apiVersion: 'v1',
    kind: 'Service',
    namespace: 'default',
    name: 'nginx',
    subresource: 'status',
    ignoreMissingObject: true,
    jsonPatch: patch,
  });
});

test('a patch begins with an item that has a value, for the operator refuses all otherwise', () => {
  const patch = [{ op: 'remove', path: '/metadata/labels/a' }] as const;
  const operation = shellOperation({ do: 'patch', ref: { kind: 'Node', name: 'n1' }, patch });
  assert.equal(operation, {
    operation: 'JSONPatch',
    apiVersion: 'v1',
    kind: 'Node',
    name: 'n1',
    ignoreMissingObject: true,
    jsonPatch: [{ op: 'test', path: '/metadata/name', value: 'n1' }, ...patch],
  });
});

test('what exists is written before what is new', () => {
  const operations = shellOperations([
    { do: 'create', object: newChild('nginx-c-1') },
    { do: 'patch', ref: SERVICE, subresource: 'status', patch: [versionTest] },
    { do: 'delete', ref: childRef('nginx-c-2') },
  ]);
  assert.equal(
    operations.map(({ operation }) => operation),
    ['DeleteInBackground', 'JSONPatch', 'CreateIfNotExists'],
  );
});

test('a name that is to be free first is not taken in the same run', () => {
  const operations = shellOperations([
    { do: 'delete', ref: childRef('nginx-c-0'), uid: 'old' },
    { do: 'create', object: newChild('nginx-c-0') },
    { do: 'create', object: newChild('nginx-c-0', 'other') },
  ]);
  assert.equal(
    operations.map((each) => [
      each.operation,
      'object' in each ? each.object.metadata.namespace : each.namespace,
    ]),
    [
      ['DeleteInBackground', 'default'],
      ['CreateIfNotExists', 'other'],
    ],
  );
});

test.run();
