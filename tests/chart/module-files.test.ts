import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';
import { CHART, readChartFile, readChartYaml } from './chart-files.ts';

interface Package {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const root: Package = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

test('the chart has the version of the package', () => {
  const chart = readChartYaml('Chart.yaml') as Record<string, string>;
  assert.is(chart['name'], 'metallb');
  assert.is(chart['version'], root.version);
  assert.is(chart['appVersion'], root.version);
});

test('oss.yaml has every package that the programs run with, in its version', () => {
  const listed = readChartYaml('oss.yaml') as Record<string, string>[];
  const versions = new Map(listed.map(({ name = '', version = '' }) => [name, version]));
  for (const [name, version] of Object.entries(root.dependencies)) {
    assert.is(versions.get(name), version, name);
  }
  assert.is(new Set(listed.map(({ id }) => id)).size, listed.length);
  for (const { id, description, link, license } of listed) {
    assert.ok(id && description && link && license, id);
  }
});

/** The only fields that Deckhouse's linter knows. */
const MODULE_FIELDS = [
  ...['name', 'critical', 'namespace', 'weight', 'tags', 'subsystems', 'stage', 'descriptions'],
  ...['exclusiveGroup', 'requirements', 'accessibility', 'update', 'disable'],
];

test('module.yaml has fields that Deckhouse knows, and the versions of the chart', () => {
  const module = readChartYaml('module.yaml') as Record<string, unknown>;
  assert.equal(
    Object.keys(module).filter((field) => !MODULE_FIELDS.includes(field)),
    [],
  );
  assert.is(module['name'], 'metallb');
  assert.is(module['namespace'], 'd8-metallb');
  const { kubernetes } = module['requirements'] as Record<string, string>;
  assert.is(kubernetes, '>= 1.31');
  const { kubeVersion } = readChartYaml('Chart.yaml') as Record<string, string>;
  assert.is(kubeVersion, '>=1.31.0-0');
});

/** What Helm is to keep with a release; crds, as a plain `helm install` applies them. */
const IN_CHART = [
  'Chart.yaml',
  'crds',
  'monitoring',
  'templates',
  'values.schema.json',
  'values.yaml',
];

test('.helmignore names everything that is not part of the chart', () => {
  const ignored = readChartFile('.helmignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const present = readdirSync(CHART);
  assert.equal(
    present.filter((name) => !ignored.includes(name)),
    IN_CHART,
  );
  assert.equal(
    IN_CHART.filter((name) => ignored.includes(name)),
    [],
  );
});

const pages = readdirSync(new URL('docs/', CHART)).filter((file) => file.endsWith('.md'));
const english = pages.filter((file) => !file.endsWith('.ru.md'));

test('every page of the module is there in both languages', () => {
  assert.equal(english, ['CONFIGURATION.md', 'CR.md', 'EXAMPLES.md', 'FAQ.md', 'README.md']);
  const twins = english.map((file) => file.replace(/\.md$/, '.ru.md'));
  assert.equal(
    twins.filter((file) => !pages.includes(file)),
    [],
  );
});

for (const page of pages) {
  const text = readChartFile(`docs/${page}`);

  test(`docs/${page} begins with its title, in its language`, () => {
    assert.match(text, /^---\ntitle: ".+"\n(?:description: .+\n)?---\n/);
    assert.is(/\p{Script=Cyrillic}/u.test(text), page.endsWith('.ru.md'));
  });

  test(`docs/${page} shows manifests without mistakes`, () => {
    for (const [, block = ''] of text.matchAll(/^```yaml\n(.*?)^```$/gms)) {
      for (const document of parseAllDocuments(block)) {
        const object = document.toJS() as { kind: string };
        if (object.kind === 'MetalLoadBalancerClass') {
          assert.equal(problemsOf(parseMetalLoadBalancerClass(object)), []);
        }
        if (object.kind === 'Service') {
          assert.equal(parsedValue(parseService(object)).problems, []);
        }
      }
    }
  });
}

test('both languages show the same manifests and commands', () => {
  const blocks = (file: string) =>
    [...readChartFile(`docs/${file}`).matchAll(/^```\w+\n.*?^```$/gms)].map(([block]) => block);
  for (const page of english) {
    assert.equal(blocks(page.replace(/\.md$/, '.ru.md')), blocks(page), page);
  }
});

test.run();
