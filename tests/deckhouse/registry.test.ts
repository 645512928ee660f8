import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readChartFile, readChartYaml } from '../chart/chart-files.ts';
import { runBlock } from './page-commands.ts';

test('a release is laid out as docs/enable-in-deckhouse.md says, with the version of the chart', async () => {
  const release = mkdtempSync(join(tmpdir(), 'release-'));
  try {
    await runBlock('enable-in-deckhouse.md', 'version.json', { release });
    assert.equal(readdirSync(release).sort(), ['module.yaml', 'version.json']);
    const { version } = readChartYaml('Chart.yaml') as { version: string };
    const told = JSON.parse(readFileSync(join(release, 'version.json'), 'utf8'));
    assert.equal(told, { version: `v${version}` });
    assert.is(readFileSync(join(release, 'module.yaml'), 'utf8'), readChartFile('module.yaml'));
  } finally {
    rmSync(release, { recursive: true });
  }
});

test('tags on the page are of the version of the chart', () => {
  const { version } = readChartYaml('Chart.yaml') as { version: string };
  const page = readFileSync(new URL('../../docs/enable-in-deckhouse.md', import.meta.url), 'utf8');
  const tags = [...page.matchAll(/(?:metallb|release|imageTag): ?(v[\d.]+)/g)].map(
    ([, tag]) => tag,
  );
  assert.ok(tags.length > 3);
  assert.equal([...new Set(tags)], [`v${version}`]);
});

test.run();
