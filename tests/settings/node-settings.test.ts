import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CONTROLLER_SETTINGS } from '../../modules/metallb/src/settings/controller-settings.ts';
import { loadSettings } from '../../modules/metallb/src/settings/load-settings.ts';
import { NODE_SETTINGS } from '../../modules/metallb/src/settings/node-settings.ts';

const REQUIRED = ['--node', 'n1', '--store', 'manifests:/x', '--heartbeat-key-file', '/key'];

test('a node needs its name, the store and the keys; the rest has defaults that it accepts', async () => {
  const loaded = await loadSettings(NODE_SETTINGS, { program: 'node', argv: REQUIRED, env: {} });
  assert.ok('settings' in loaded);
  assert.is(loaded.settings.heartbeatIntervalMs, 100);
  assert.is(loaded.settings.heartbeatGroup, 'ff02::1');
  assert.equal(loaded.settings.metricsAddress, { host: '127.0.0.1', port: 7474 });
});

test('a controller needs the store alone', async () => {
  const argv = ['--store', 'manifests:/x'];
  const loaded = await loadSettings(CONTROLLER_SETTINGS, { program: 'controller', argv, env: {} });
  assert.ok('settings' in loaded);
  assert.is(loaded.settings.coolDownMs, 60_000);
});

test("what MetalLB's API is both programs are told by the same flags, with the same defaults", async () => {
  const argv = ['--store', 'manifests:/x'];
  const programs = await Promise.all([
    loadSettings(CONTROLLER_SETTINGS, { program: 'controller', argv, env: {} }),
    loadSettings(NODE_SETTINGS, { program: 'node', argv: REQUIRED, env: {} }),
  ]);
  for (const loaded of programs) {
    assert.ok('settings' in loaded);
    const { lbClass, metallbNamespaces, legacyConfigMap, metallbPoolPolicy } = loaded.settings;
    assert.equal(
      { lbClass, metallbNamespaces, legacyConfigMap, metallbPoolPolicy },
      {
        ...{ lbClass: undefined, metallbNamespaces: ['metallb-system'] },
        ...{ legacyConfigMap: undefined, metallbPoolPolicy: 'Keep' },
      },
    );
  }
});

test('interfaces of containers are left out by default, real ones and bridges are not', async () => {
  const loaded = await loadSettings(NODE_SETTINGS, { program: 'node', argv: REQUIRED, env: {} });
  const excluded = (name: string) =>
    'settings' in loaded && loaded.settings.excludeInterfaces.some((each) => each.test(name));
  for (const name of ['docker0', 'veth12ab', 'lo', 'cni0', 'cali123', 'cilium_vxlan']) {
    assert.ok(excluded(name), name);
  }
  for (const name of ['eth0', 'bond0', 'br0', 'lo1', 'ens3', 'myveth']) {
    assert.not(excluded(name), name);
  }
});

test.run();
