import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { parseObject } from '../../modules/metallb/src/api/object.ts';
import { formatProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
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
