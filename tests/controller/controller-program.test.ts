import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { EXIT_USAGE } from '../../modules/metallb/src/settings/load-settings.ts';
import { bundleProgram } from '../support/bundle.ts';
import { service } from '../support/cluster-objects.ts';
import { ManifestDirectory } from '../support/manifest-directory.ts';
import { SeenObjects } from '../support/seen-objects.ts';

const EXAMPLE = new URL('../golden/metallb-config-map/bgp-alone.yaml', import.meta.url);
const built = await bundleProgram('modules/metallb/src/controller/main.ts');

/** What the real program says when it ends by itself. */
async function refusal(...settings: string[]): Promise<string> {
  const program: ChildProcess = spawn(
    process.execPath,
    [built, '--log-level', 'error', ...settings],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = program.stderr === null ? '' : text(program.stderr);
  const [code] = await once(program, 'exit');
  return `${code}: ${(await said).trim()}`;
}

test('a start that can’t be is refused with a sentence: which setting, and what is in the way', async () => {
  const directory = new ManifestDirectory();
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const store = `manifests:${directory.path}`;
    const other = await directory.controller();
    const [listening, sharing] = await Promise.all([
      refusal('--store', store, '--metrics-address', `127.0.0.1:${port}`),
      refusal('--store', store, '--metrics-address', '127.0.0.1:0'),
    ]);
    assert.is(
      listening,
      `${EXIT_USAGE}: controller: --metrics-address: can't listen on 127.0.0.1 port ${port}: another process listens there`,
    );
    assert.match(sharing, /^64: controller: --store: another controller \(pid \d+\) works on this/);
    await other.stop();
  } finally {
    taken.close();
    await directory.cleanup();
  }
});

test('Services get addresses of an old ConfigMap as it stands, also of a pool that comes to it', async () => {
  const directory = new ManifestDirectory();
  directory.write('config.yaml', readFileSync(EXAMPLE, 'utf8'));
  directory.write('web.yaml', service('web'));
  const program = spawn(process.execPath, [
    ...[built, '--store', `manifests:${directory.path}`, '--metrics-address', '127.0.0.1:0'],
    ...['--log-level', 'error', '--legacy-config-map', 'metallb/config'],
  ]);
  try {
    const services = new SeenObjects(await directory.reader(), 'Service');
    const ipOf = async (name: string) => {
      const ip = (object: KubernetesObject) => /"ip":"([^"]+)"/.exec(JSON.stringify(object))?.[1];
      return ip(await services.object(`default/${name}`, (object) => ip(object) !== undefined));
    };
    assert.is(await ipOf('web'), '192.168.10.0');
    const more = '    - {name: Other, protocol: layer2, addresses: [192.168.20.7/32]}\n';
    directory.write('config.yaml', `${readFileSync(EXAMPLE, 'utf8').trimEnd()}\n${more}`);
    const { metadata, ...late } = service('late');
    const annotations = { 'metallb.io/address-pool': 'Other' };
    directory.write('late.yaml', { ...late, metadata: { ...metadata, annotations } });
    assert.is(await ipOf('late'), '192.168.20.7');
    const wrong = readFileSync(EXAMPLE, 'utf8').replace('peer-asn: 64501', 'peer-asn: 0');
    const states = new SeenObjects(await directory.reader(), 'ConfigurationState');
    const says = (pattern: RegExp) =>
      states.object('metallb-system/controller', ({ status }) =>
        pattern.test(JSON.stringify(status)),
      );
    directory.write('config.yaml', wrong);
    await says(
      /"result":"Invalid","errorSummary":"ConfigMap\/metallb\/config: peers\[0\]\[peer-asn\] is 0/,
    );
    directory.write('config.yaml', readFileSync(EXAMPLE, 'utf8'));
    await says(/"result":"Valid","errorSummary":""/);
  } finally {
    program.kill();
    await directory.cleanup();
  }
});

test.run();
