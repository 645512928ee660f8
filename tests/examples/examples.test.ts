import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { parseIpAddressPool } from '../../modules/metallb/src/api/ip-address-pool.ts';
import { parseL2Advertisement } from '../../modules/metallb/src/api/l2-advertisement.ts';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { type KubernetesObject, parseObject } from '../../modules/metallb/src/api/object.ts';
import { formatProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
import type { TermOptions } from '../../modules/metallb/src/controller/term.ts';
import {
  formatManifestProblem,
  parseManifest,
} from '../../modules/metallb/src/manifests/parse-documents.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const folder = new URL('../../examples/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
const PARSERS: Readonly<Record<string, (object: unknown) => Parsed<unknown>>> = {
  MetalLoadBalancerClass: parseMetalLoadBalancerClass,
  Service: parseService,
  ModuleConfig: parseObject,
  IPAddressPool: parseIpAddressPool,
  L2Advertisement: parseL2Advertisement,
  ConfigMap: parseObject,
  BGPAdvertisement: parseObject,
  BGPPeer: parseObject,
};
/** Manifests of users, kept byte for byte. */
const KEPT = [
  'class-three-ips.yaml',
  'metallb-bgp.yaml',
  'metallb-configmap.yaml',
  'metallb-l2.yaml',
];
/** Those of MetalLB's API are applied one at a time: several own one range, and a default class would take their Services. */
const ofClasses = files.filter((file) => !file.startsWith('metallb-'));
/** What their first lines tell a reader to set. */
const SETTINGS: Readonly<Record<string, Partial<TermOptions>>> = {
  'metallb-load-balancer-class.yaml': { lbClass: 'example.com/metallb' },
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
  'metallb-advertisements.yaml': {
    shop: ['192.168.22.16'],
    printers: ['192.168.22.0'],
    unheard: ['192.168.22.32'],
  },
  'metallb-bgp.yaml': {},
  'metallb-configmap.yaml': {},
  'metallb-dual-stack.yaml': {
    requires: ['192.168.27.8', 'fc00:f853:ccd:e727::8'],
    prefers: ['192.168.27.9'],
  },
  // The lowest of its addresses; MetalLB would begin with the range that stands first.
  'metallb-l2.yaml': { 'metallb1-cluster': ['192.168.9.1'] },
  'metallb-load-balancer-class.yaml': { ours: ['192.168.24.0'], 'of-somebody-else': [] },
  'metallb-named-networks.yaml': {
    boot: ['10.92.100.10'],
    names: ['10.92.100.11'],
    'hardware-events': ['10.94.100.10'],
    portal: ['10.102.9.64'],
    results: ['10.104.9.64'],
    administration: ['10.103.9.64'],
  },
  'metallb-pools.yaml': { web: ['192.168.20.1'], mail: ['192.168.21.0'] },
  'metallb-requested-ips.yaml': {
    'by-field': ['192.168.23.80'],
    'by-annotation': ['192.168.23.81'],
    'by-old-annotation': ['192.168.23.82', 'fc00:f853:ccd:e723::82'],
  },
  'metallb-shared-ip.yaml': {
    'names-udp': ['192.168.26.53'],
    'names-tcp': ['192.168.26.53'],
    'names-page': ['192.168.26.53'],
  },
  'metallb-traffic-policy.yaml': {
    'sees-clients': ['192.168.25.0'],
    'any-pod': ['192.168.25.1'],
  },
  'shared-ip-dns.yaml': { 'dns-udp': ['192.0.2.53'], 'dns-tcp': ['192.0.2.53'] },
};

/** Of a list whose `-` has no blank after it, so that what follows belongs to a string. */
const PROBLEMS: Readonly<Record<string, readonly string[]>> = {
  'metallb-bgp.yaml': [
    'metallb-bgp.yaml:21: spec.ipAddressPools: "-bgp-pool" is a word: expected "- bgp-pool", with a blank, for an item of a list',
  ],
};

/** As a directory of manifests reads it. */
function objectsIn(file: string): KubernetesObject[] {
  const { objects, problems } = parseManifest(file, readFileSync(new URL(file, folder), 'utf8'));
  assert.equal(problems.map(formatManifestProblem), PROBLEMS[file] ?? []);
  return objects.map(({ object }) => {
    const { metadata } = node(object.metadata.name);
    const uid = `${object.kind}-${metadata.name}`;
    return { ...object, metadata: { ...metadata, uid, ...object.metadata } };
  });
}

async function applied(
  objects: readonly KubernetesObject[],
  settings: Partial<TermOptions> = {},
): Promise<ControllerBench> {
  const label = { 'node-role.kubernetes.io/loadbalancer': '' };
  const nodes = ['n1', 'n2', 'n3'].map((name) => node(name, label));
  const bench = new ControllerBench([...nodes, ...objects], 'controller', settings);
  await bench.settle();
  return bench;
}

function isGiven(bench: ControllerBench, file: string): void {
  const services = GIVEN[file];
  assert.ok(services, `what ${file} gives is not in the table`);
  for (const [service, ips] of Object.entries(services)) assert.equal(bench.ips(service), ips);
}

test('all examples of classes can be applied at once', async () => {
  const bench = await applied(ofClasses.flatMap(objectsIn));
  for (const file of ofClasses) isGiven(bench, file);
});

for (const file of files) {
  test(`${file} gives what it says`, async () => {
    isGiven(await applied(objectsIn(file), SETTINGS[file]), file);
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
    assert.ok(KEPT.includes(file) || text.startsWith('# '));
  });
}

test.run();
