import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../lab/exec.ts';
import type { Api } from '../../lab/kubernetes/api.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import { DECKHOUSE_GLOBALS } from '../cluster/chart-cases.ts';
import type { TestCluster } from '../cluster/cluster-scenario.ts';
import { removeAll } from '../cluster/store-support.ts';
import type { Settings } from './conversions.ts';
import { addUpgradeHooks, assembleModule } from './module-folder.ts';
import { ModuleRun } from './module-run.ts';
import { makeCommands } from './operator-image.ts';

const DEFINITION = 'CustomResourceDefinition';
const CONFIG = objectPath('ModuleConfig', 'metallb');

/** Kinds that are there with Deckhouse, and those of an older metallb module: as they are, without schemas. */
const DECKHOUSE_KINDS: readonly KindDefinition[] = [
  { group: 'deckhouse.io', version: 'v1alpha1', kind: 'ModuleConfig', scope: 'Cluster' },
];
const OLDER_KINDS: readonly KindDefinition[] = [
  ...(['IPAddressPool', 'L2Advertisement'] as const).map((kind) => ({
    ...({ group: 'metallb.io', version: 'v1beta1', kind, scope: 'Namespaced' } as const),
  })),
  ...(
    ['MetalLoadBalancerPool', 'MetalLoadBalancerBGPPeer', 'MetalLoadBalancerConfiguration'] as const
  ).map((kind) => ({
    ...({ group: 'network.deckhouse.io', version: 'v1alpha1', kind, scope: 'Cluster' } as const),
  })),
];
const MODULE_DEFINITIONS = [
  'metalloadbalancerclasses.network.deckhouse.io',
  'sdninternall2lbservices.internal.network.deckhouse.io',
];

interface KindDefinition {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly scope: 'Cluster' | 'Namespaced';
}

/** The smallest Deckhouse: no Prometheus, no VPA, whose kinds a test cluster has not got. */
const { registry, digests } = DECKHOUSE_GLOBALS.modulesImages;
const GLOBALS = {
  ...DECKHOUSE_GLOBALS,
  clusterIsBootstrapped: true,
  enabledModules: ['kube-proxy', 'metallb'],
  // Those of the module come with its folder.
  modulesImages: { registry, digests: { common: digests.common } },
};
const REGISTRY = { base: 'registry.example.com/modules', dockercfg: 'e30=', scheme: 'https' };

/** A cluster in which Deckhouse runs, and the module's folder has been unpacked. */
export class DeckhouseCluster {
  readonly module: ModuleRun;
  readonly #api: Api;

  private constructor(api: Api, module: ModuleRun) {
    this.#api = api;
    this.module = module;
  }

  /** @param play gets a cluster without the module's definitions; whatever it leaves is removed */
  static async with(
    { api, plane, directory }: TestCluster,
    options: { readonly upgrade: boolean; readonly globals?: object },
    play: (cluster: DeckhouseCluster) => Promise<void>,
  ): Promise<void> {
    const own = mkdtempSync(join(directory, 'deckhouse-'));
    const folder = join(own, 'metallb');
    await assembleModule(folder);
    if (options.upgrade) await addUpgradeHooks(folder);
    const module = new ModuleRun(api, plane.kubeconfig('admin'), {
      folder,
      globals: { ...GLOBALS, ...options.globals },
      registry: REGISTRY,
      commands: makeCommands(join(own, 'bin')),
    });
    const kinds = [...DECKHOUSE_KINDS, ...(options.upgrade ? OLDER_KINDS : [])];
    await removeAll(api);
    try {
      for (const name of MODULE_DEFINITIONS) await removeDefinition(api, name);
      for (const kind of kinds) await define(api, kind);
      await play(new DeckhouseCluster(api, module));
    } finally {
      await module.release.uninstall();
      for (const kind of kinds) await removeDefinition(api, nameOf(kind));
      await applyDefinitions(api);
      await removeAll(api);
    }
  }

  /** The ModuleConfig with these fields, all others as they are. Null removes. */
  async configure(
    spec: {
      readonly enabled?: boolean;
      readonly version?: number | null;
      readonly settings?: Settings | null;
    },
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    // A merge would keep members of older settings.
    const path = `${CONFIG}?fieldManager=test`;
    const now = (await this.#api.find(CONFIG)) as { spec: object } | undefined;
    const merged = Object.entries({ enabled: true, ...now?.spec, ...spec });
    const kept = Object.fromEntries(merged.filter(([, value]) => value !== null));
    const object = {
      apiVersion: 'deckhouse.io/v1alpha1',
      kind: 'ModuleConfig',
      metadata: { name: 'metallb', annotations },
      spec: kept,
    };
    if (now === undefined) await this.#api.send('POST', collectionPath('ModuleConfig'), object);
    else {
      const patch = [{ op: 'add', path: '/spec', value: kept }];
      await this.#api.send('PATCH', path, patch, 'application/json-patch+json');
      await this.#api.send('PATCH', path, { metadata: { annotations } }, PATCH.merge);
    }
  }

  /** `status` of the ModuleConfig, for its user. */
  async status(): Promise<{ readonly version: string; readonly message: string }> {
    const { status } = (await this.#api.get(CONFIG)) as {
      status: { version: string; message: string };
    };
    return status;
  }
}

function nameOf({ group, kind }: KindDefinition): string {
  return `${kind.toLowerCase()}s.${group}`;
}

async function define(api: Api, definition: KindDefinition): Promise<void> {
  const { group, version, kind, scope } = definition;
  const name = nameOf(definition);
  const [plural = ''] = name.split('.');
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  await api.send('POST', collectionPath(DEFINITION), {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: DEFINITION,
    metadata: { name },
    spec: {
      ...{ group, scope, names: { kind, plural, singular: kind.toLowerCase() } },
      versions: [
        {
          ...{ name: version, served: true, storage: true, subresources: { status: {} } },
          schema: {
            openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } },
          },
        },
      ],
    },
  });
  await until({ what: `${name} is served`, deadlineMs: 30_000, everyMs: 50 }, async () => {
    return (await api.ask('GET', `/apis/${group}/${version}/${plural}`)).status === 200;
  });
}

async function removeDefinition(api: Api, name: string): Promise<void> {
  const path = objectPath(DEFINITION, name);
  await until({ what: `${name} gone`, deadlineMs: 60_000, everyMs: 100 }, async () => {
    await api.ask('DELETE', path);
    return (await api.find(path)) === undefined;
  });
}
