import { readdirSync, readFileSync } from 'node:fs';
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
  const kinds = files.map((file) => readCrd(file).spec.names['singular']);
  assert.equal(
    files,
    kinds.map((kind) => `${kind}.yaml`),
  );
  assert.equal(kinds.sort(), [
    ...['bfdprofile', 'bgpadvertisement', 'bgppeer', 'community', 'configurationstate'],
    ...['ipaddresspool', 'l2advertisement', 'metalloadbalancerbgppeer', 'metalloadbalancerclass'],
    ...['metalloadbalancerconfiguration', 'metalloadbalancerpool'],
    ...['sdninternall2lbservice', 'servicebgpstatus', 'servicel2status'],
  ]);
});

type CrdVersion = Crd['spec']['versions'][number];

/** Paths of what readers are told about. */
function described({ schema }: CrdVersion): string[] {
  return [...walk(schema.openAPIV3Schema)].flatMap(([path, { description }]) =>
    description === undefined ? [] : [path],
  );
}

/** The one that is stored. */
function versionOf(crd: Pick<Crd, 'spec'>): CrdVersion {
  const version = crd.spec.versions.find(({ storage }) => storage);
  if (version === undefined) throw new Error('a CRD has a version');
  return version;
}

test('each file begins a document of its own: `helm show crds` prints them one after the other as they are', () => {
  for (const file of files) {
    const url = new URL(`../../modules/metallb/crds/${file}`, import.meta.url);
    assert.ok(readFileSync(url, 'utf8').startsWith('---\n'), file);
  }
});

for (const file of files) {
  const crd = readCrd(file);
  const { versions } = crd.spec;

  test(`${file}: name, versions and status subresource are as Kubernetes wants them`, () => {
    assert.is(crd.apiVersion, 'apiextensions.k8s.io/v1');
    assert.is(crd.kind, 'CustomResourceDefinition');
    assert.is(crd.metadata.name, `${crd.spec.names['plural']}.${crd.spec.group}`);
    assert.is(String(crd.spec.names['kind']).toLowerCase(), crd.spec.names['singular']);
    assert.is(crd.spec.names['listKind'], `${crd.spec.names['kind']}List`);
    assert.is(versions.filter(({ storage }) => storage).length, 1);
    for (const { served, subresources } of versions) {
      assert.ok(served);
      assert.equal(subresources, { status: {} });
    }
  });

  test(`${file}: readers of Russian are told the same, as Deckhouse's site shows it`, () => {
    const translated = readCrd(`${TRANSLATED}${file}`);
    assert.equal(Object.keys(translated), ['spec']);
    assert.equal(
      translated.spec.versions.map((version) => [Object.keys(version), version.name]),
      versions.map(({ name }) => [['name', 'schema'], name]),
    );
    translated.spec.versions.forEach((version, index) => {
      const original = versions[index];
      assert.ok(original);
      assert.equal(described(version).sort(), original && described(original).sort());
      for (const [path, node] of walk(version.schema.openAPIV3Schema)) {
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
  });

  for (const { name, schema, additionalPrinterColumns = [] } of versions) {
    const root = schema.openAPIV3Schema;

    test(`${file}: the schema of ${name} is structural`, () => {
      for (const [path, node] of walk(root)) {
        const either = node['x-kubernetes-int-or-string'] === true;
        assert.ok(either || node.type !== undefined, `${path} has no type`);
        assert.ok(node.type !== 'array' || node.items !== undefined, `${path} has no items`);
        assert.equal(missingMembers(node), [], `${path} requires what it does not have`);
        assert.ok(node.pattern === undefined || new RegExp(node.pattern), `${path}: pattern`);
      }
    });

    test(`${file}: objects of ${name} can be applied by the server, which merges no sets of objects`, () => {
      for (const [path, node] of walk(root)) {
        const isSet = node['x-kubernetes-list-type'] === 'set';
        assert.not(isSet && node.items?.type === 'object', path);
      }
    });

    test(`${file}: every printer column of ${name} points at a field of the schema`, () => {
      for (const { name: column, jsonPath } of additionalPrinterColumns) {
        if (jsonPath.startsWith('.metadata.')) continue;
        const list = jsonPath.slice(1).replace(/\[.*/, '');
        assert.ok(nodeAt(root, list.split('.')), `${column}: ${jsonPath}`);
      }
    });
  }
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
