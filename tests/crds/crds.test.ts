import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { parsedValue } from '../support/parsed.ts';
import { POOL_ITEMS, SPECS } from './rows.ts';
import { type Crd, nodeAt, readCrd, type Schema, walk, withDefaults } from './schema.ts';

const TRANSLATED = 'doc-ru-';
const files = readdirSync(new URL('../../modules/metallb/crds', import.meta.url)).filter(
  (file) => !file.startsWith(TRANSLATED),
);

test('there is one file per kind', () => {
  assert.equal(files.sort(), ['metalloadbalancerclass.yaml', 'sdninternall2lbservice.yaml']);
});

/** Paths of what readers are told about. */
function described(crd: Pick<Crd, 'spec'>): string[] {
  return [...walk(versionOf(crd).schema.openAPIV3Schema)].flatMap(([path, { description }]) =>
    description === undefined ? [] : [path],
  );
}

function versionOf(crd: Pick<Crd, 'spec'>) {
  const [version] = crd.spec.versions;
  assert.ok(version, 'a CRD has a version');
  return version;
}

for (const file of files) {
  const crd = readCrd(file);
  const version = versionOf(crd);
  const root = version.schema.openAPIV3Schema;

  test(`${file}: name, version and status subresource are as Kubernetes wants them`, () => {
    assert.is(crd.apiVersion, 'apiextensions.k8s.io/v1');
    assert.is(crd.kind, 'CustomResourceDefinition');
    assert.is(crd.metadata.name, `${crd.spec.names['plural']}.${crd.spec.group}`);
    assert.is(crd.spec.names['kind']?.toLowerCase(), crd.spec.names['singular']);
    assert.is(crd.spec.versions.length, 1);
    assert.is(version.name, 'v1alpha1');
    assert.ok(version.served && version.storage);
    assert.equal(version.subresources, { status: {} });
  });

  test(`${file}: readers of Russian are told the same, as Deckhouse's site shows it`, () => {
    const translated = readCrd(`${TRANSLATED}${file}`);
    assert.is(versionOf(translated).name, version.name);
    assert.equal(described(translated).sort(), described(crd).sort());
    const [only, ...others] = translated.spec.versions;
    const parts = [Object.keys(translated), Object.keys(only ?? {}), others];
    assert.equal(parts, [['spec'], ['name', 'schema'], []]);
    for (const [path, node] of walk(versionOf(translated).schema.openAPIV3Schema)) {
      const {
        description = '',
        properties: _,
        items: __,
        additionalProperties: ___,
        ...more
      } = node;
      assert.equal(more, {}, `${path} says more than a description`);
      assert.ok(description === '' || /[а-я]/.test(description), `${path} is not in Russian`);
    }
  });

  test(`${file}: the schema is structural`, () => {
    for (const [path, node] of walk(root)) {
      const either = node['x-kubernetes-int-or-string'] === true;
      assert.ok(either || node.type !== undefined, `${path} has no type`);
      assert.ok(node.type !== 'array' || node.items !== undefined, `${path} has no items`);
      assert.equal(missingMembers(node), [], `${path} requires what it does not have`);
      assert.ok(node.pattern === undefined || new RegExp(node.pattern), `${path}: pattern`);
    }
  });

  test(`${file}: every printer column points at a field of the schema`, () => {
    for (const { name, jsonPath } of version.additionalPrinterColumns) {
      if (jsonPath.startsWith('.metadata.')) continue;
      const path = jsonPath.slice(1).replace('ingress[0].ip', 'ingress').split('.');
      assert.ok(nodeAt(root, path), `${name}: ${jsonPath}`);
    }
  });
}

function missingMembers({ required = [], properties = {}, items, ...node }: Schema): string[] {
  const keys = node['x-kubernetes-list-map-keys'] ?? [];
  return [
    ...required.filter((name) => properties[name] === undefined),
    ...keys.filter((name) => items?.properties?.[name] === undefined),
  ];
}

const classCrd = readCrd('metalloadbalancerclass.yaml');
const childCrd = readCrd('sdninternall2lbservice.yaml');
const classSchema = versionOf(classCrd).schema.openAPIV3Schema;
const childSchema = versionOf(childCrd).schema.openAPIV3Schema;

test('the class is named, scoped and labelled as in Deckhouse', () => {
  assert.is(classCrd.metadata.name, 'metalloadbalancerclasses.network.deckhouse.io');
  assert.is(classCrd.spec.scope, 'Cluster');
  assert.equal(classCrd.metadata.labels, {
    module: 'metallb',
    'backup.deckhouse.io/cluster-config': 'true',
  });
});

test('the child is named, scoped and labelled as in Deckhouse', () => {
  assert.is(childCrd.metadata.name, 'sdninternall2lbservices.internal.network.deckhouse.io');
  assert.is(childCrd.spec.scope, 'Namespaced');
  assert.equal(childCrd.metadata.labels, { heritage: 'deckhouse', module: 'metallb' });
  assert.is(nodeAt(childSchema, ['spec', 'loadBalancerIP']), undefined);
  assert.equal(nodeAt(childSchema, ['spec'])?.required, ['serviceRef']);
  assert.equal(nodeAt(childSchema, ['spec', 'serviceRef'])?.required, ['name']);
});

test('users find a description at every field of a class', () => {
  const spec = nodeAt(classSchema, ['spec']);
  assert.ok(spec);
  for (const [path, node] of walk(spec ?? {}, 'spec')) {
    const isMember = path !== 'spec' && !/[\]}]$/.test(path);
    assert.ok(!isMember || node.description !== undefined, `${path} has no description`);
  }
});

function classWith(spec: unknown): unknown {
  return {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: { name: 'c' },
    spec,
  };
}

test('the schema and the parser have the same defaults', () => {
  for (const spec of [
    ...[undefined, {}, { l2: {} }, { l2: { failback: {} } }],
    { l2: { reachability: { targets: ['gateway'] } } },
  ]) {
    const bare = classWith(spec);
    const stored = withDefaults(classSchema, bare);
    assert.not.equal(stored, bare);
    assert.equal(
      parsedValue(parseMetalLoadBalancerClass(stored)),
      parsedValue(parseMetalLoadBalancerClass(bare)),
    );
  }
});

test('the schema and the parser know the same types and failback modes', () => {
  const types = nodeAt(classSchema, ['spec', 'type'])?.enum;
  const modes = nodeAt(classSchema, ['spec', 'l2', 'failback', 'mode'])?.enum;
  assert.equal(types, ['L2', 'BGP', 'L2AndBGP']);
  assert.equal(modes, ['auto', 'window', 'never']);
  for (const type of types ?? []) {
    assert.ok(parseMetalLoadBalancerClass(classWith({ type })).ok, type);
  }
  for (const mode of modes ?? []) {
    const failback = mode === 'window' ? { mode, window: '22:00-04:00' } : { mode };
    assert.ok(parseMetalLoadBalancerClass(classWith({ l2: { failback } })).ok, mode);
  }
});

test('the schema and the parser of a child take the same words and ports', () => {
  const at = (...path: string[]) => nodeAt(childSchema, ['spec', ...path]);
  const port = at('ports')?.items?.properties;
  assert.equal(at('externalTrafficPolicy')?.enum, ['Cluster', 'Local']);
  assert.equal(at('ipFamilies')?.items?.enum, ['IPv4', 'IPv6']);
  assert.equal(port?.['protocol']?.enum, ['TCP', 'UDP', 'SCTP']);
  assert.equal([port?.['port']?.minimum, port?.['port']?.maximum], [1, 65_535]);
  assert.is(at('serviceRef', 'namespace')?.minLength, 1);
});

test('addresses in the status of a child are addresses', () => {
  const ingress = nodeAt(childSchema, ['status', 'loadBalancer', 'ingress']);
  const rules = ingress?.items?.properties?.['ip']?.['x-kubernetes-validations'];
  assert.equal(
    rules?.map(({ rule }) => rule),
    ['isIP(self)'],
  );
});

test('a label whose value was left out reaches the rule that refuses it', () => {
  const selector = nodeAt(classSchema, ['spec', 'nodeSelector']);
  assert.is(selector?.additionalProperties?.nullable, true);
  assert.match(
    selector?.['x-kubernetes-validations']?.[0]?.rule ?? '',
    'type(self[name]) == string',
  );
});

test('the limits of a class are those that tests/api tries on the parser', () => {
  const selector = nodeAt(classSchema, ['spec', 'nodeSelector']);
  const interfaces = nodeAt(classSchema, ['spec', 'l2', 'interfaces']);
  assert.is(nodeAt(classSchema, ['spec', 'addressPool'])?.maxItems, 256);
  assert.equal([selector?.maxProperties, selector?.additionalProperties?.maxLength], [64, 63]);
  assert.is(interfaces?.maxItems, 64);
  assert.equal([interfaces?.items?.minLength, interfaces?.items?.maxLength], [1, 15]);
});

for (const [written, byPattern, byParser] of POOL_ITEMS) {
  test(`addressPool item "${written}": pattern ${byPattern}, parser ${byParser}`, () => {
    const pattern = nodeAt(classSchema, ['spec', 'addressPool'])?.items?.pattern;
    assert.ok(pattern);
    assert.is(new RegExp(pattern ?? '').test(written), byPattern);
    const parsed = parseMetalLoadBalancerClass(classWith({ addressPool: [written] }));
    assert.is(parsed.ok, byParser);
  });
}

test('the pattern is never stricter than the parser', () => {
  assert.equal(
    POOL_ITEMS.filter(([, byPattern, byParser]) => byParser && !byPattern),
    [],
  );
});

for (const { name, spec, byParser } of SPECS) {
  test(`a class with ${name}: the parser says ${byParser}`, () => {
    assert.is(parseMetalLoadBalancerClass(classWith(spec)).ok, byParser);
  });
}

test.run();
