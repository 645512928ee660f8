import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { type KubernetesObject, parseObject } from '../../modules/metallb/src/api/object.ts';
import { formatProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
import { parseManifest } from '../../modules/metallb/src/manifests/parse-documents.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const folder = new URL('../../examples/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
const PARSERS: Readonly<Record<string, (object: unknown) => Parsed<unknown>>> = {
  MetalLoadBalancerClass: parseMetalLoadBalancerClass,
  Service: parseService,
  ModuleConfig: parseObject,
};

test('there are examples', () => {
  assert.ok(files.includes('class-three-ips.yaml'));
  assert.ok(files.length >= 5);
});

/** What each Service of an example gets on three nodes, by the number of its child. */
const GIVEN: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'class-by-annotation.yaml': { tickets: ['192.0.2.30'] },
  'class-three-ips.yaml': { nginx: ['192.0.2.10', '192.0.2.11', '192.0.2.12'] },
  'client-addresses.yaml': { audit: ['203.0.113.8', '203.0.113.9'] },
  'default-class.yaml': { web: ['198.51.100.0', '198.51.100.1', '198.51.100.2'] },
  'dual-stack.yaml': {
    shop: ['203.0.113.32', '2001:db8:0:7::', '203.0.113.33', '2001:db8:0:7::1'],
  },
  'failback-window.yaml': { messages: ['192.0.2.96', '192.0.2.97'] },
  'requested-ips.yaml': { exchange: ['192.0.2.70', '192.0.2.80', '192.0.2.64'] },
  'shared-ip-dns.yaml': { 'dns-udp': ['192.0.2.53'], 'dns-tcp': ['192.0.2.53'] },
};

/** As a directory of manifests reads it. */
function objectsIn(file: string): KubernetesObject[] {
  const { objects, problems } = parseManifest(file, readFileSync(new URL(file, folder), 'utf8'));
  assert.equal(problems, []);
  return objects.map(({ object }) => {
    const { metadata } = node(object.metadata.name);
    const uid = `${object.kind}-${metadata.name}`;
    return { ...object, metadata: { ...metadata, uid, ...object.metadata } };
  });
}

async function applied(objects: readonly KubernetesObject[]): Promise<ControllerBench> {
  const label = { 'node-role.kubernetes.io/loadbalancer': '' };
  const bench = new ControllerBench([
    ...['n1', 'n2', 'n3'].map((name) => node(name, label)),
    ...objects,
  ]);
  await bench.settle();
  return bench;
}

function isGiven(bench: ControllerBench, file: string): void {
  const services = Object.entries(GIVEN[file] ?? {});
  assert.ok(services.length > 0, `what ${file} gives is not in the table`);
  for (const [service, ips] of services) assert.equal(bench.ips(service), ips);
}

test('all examples can be applied at once', async () => {
  const bench = await applied(files.flatMap(objectsIn));
  for (const file of files) isGiven(bench, file);
});

for (const file of files) {
  test(`${file} gives what it says`, async () => {
    isGiven(await applied(objectsIn(file)), file);
  });
}

for (const file of files) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as unknown);

  test(`${file} has no problem`, () => {
    assert.ok(objects.length > 0);
    for (const object of objects) {
      const { kind } = parsedValue(parseObject(object));
      const parse = PARSERS[kind];
      assert.ok(parse, `nobody reads a ${kind}`);
      assert.equal(parse === undefined ? [] : problemsOf(parse(object)), []);
      if (kind === 'Service') {
        const { problems } = parsedValue(parseService(object));
        assert.equal(problems.map(formatProblem), []);
      }
    }
  });

  test(`${file} says first what it shows`, () => {
    // This one is a user's manifest, kept byte for byte.
    assert.ok(file === 'class-three-ips.yaml' || text.startsWith('# '));
  });
}

test.run();
