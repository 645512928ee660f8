import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { tryRun, until } from '../../lab/exec.ts';
import { type Api, PATCH } from '../../lab/kubernetes/api.ts';
import { commandPath } from '../../lab/kubernetes/commands.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { bundle } from '../../lab/node-programs.ts';
import { Program } from '../../lab/program.ts';
import type { TestCluster } from './cluster-scenario.ts';
import { helmTemplate, NAMESPACE } from './helm.ts';
import { removeAll } from './store-support.ts';

/** Where the replicas serve: two can't share an address. */
const HOSTS = ['127.0.0.1', '127.0.0.2'] as const;
type Host = (typeof HOSTS)[number];

const SERVICE = 'controller-webhook';
export const DNS_NAMES = [
  `${SERVICE}.${NAMESPACE}.svc`,
  `${SERVICE}.${NAMESPACE}.svc.cluster.local`,
];
const SECRET_PATH = `/api/v1/namespaces/${NAMESPACE}/secrets/metallb-webhook`;
const CONFIGURATION_PATH =
  '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb';
const INSTALLED_KINDS = [
  ...['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'],
  ...['ValidatingWebhookConfiguration', 'Lease', 'Secret'],
];

/** What the API server said to a user's write. */
export interface Said {
  readonly accepted: boolean;
  readonly warnings: readonly string[];
  /** Why not. */
  readonly refusal: string | undefined;
}

interface Rendered {
  readonly kind: string;
  readonly webhooks?: readonly { readonly clientConfig: { readonly service: object } }[];
  readonly [field: string]: unknown;
}

/**
 * The chart's webhook configuration and roles in a real API server, and controllers that run with the chart's
 * ServiceAccount. The Service is an ExternalName to loopback: there is no network of pods here.
 */
export class AdmissionBench {
  readonly api: Api;
  readonly port: number;
  readonly #cluster: TestCluster;
  readonly #kubeconfig: string;
  readonly #controllers: Program[] = [];

  private constructor(cluster: TestCluster, port: number, kubeconfig: string) {
    this.#cluster = cluster;
    this.api = cluster.api;
    this.port = port;
    this.#kubeconfig = kubeconfig;
  }

  /** Everything but controllers. */
  static async prepare(cluster: TestCluster): Promise<AdmissionBench> {
    await removeAll(cluster.api);
    const port = await freePort();
    await install(cluster, port);
    const kubeconfig = await kubeconfigOfController(cluster);
    const bench = new AdmissionBench(cluster, port, kubeconfig);
    await bench.leadTo(HOSTS[0]);
    return bench;
  }

  /** A replica, which serves at this host. */
  startController(host: Host = HOSTS[0], flags: readonly string[] = []): Program {
    const name = `controller-${this.port}-${this.#controllers.length}`;
    const program = new Program({
      name,
      command: [
        ...[process.execPath, bundle('controller.mjs'), '--store=kubernetes'],
        ...[`--metrics-address=${host}:0`, `--webhook-address=${host}:${this.port}`, ...flags],
      ],
      logFile: join(this.#cluster.directory, `${name}.log`),
      environment: { KUBECONFIG: this.#kubeconfig },
      isElsewhere: true,
    });
    this.#controllers.push(program);
    program.start();
    return program;
  }

  /** Lets API servers call the replica at this host. */
  async leadTo(host: Host): Promise<void> {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: SERVICE, namespace: NAMESPACE },
      spec: { type: 'ExternalName', externalName: host },
    };
    const path = objectPath('Service', SERVICE, NAMESPACE);
    await this.api.send('PATCH', `${path}?fieldManager=test&force=true`, service, PATCH.apply);
  }

  /** Resolves once a write that is to be refused is. */
  async judging(): Promise<void> {
    const what = () => `the webhook judges; ${this.lastLogLines(5).join(' | ')}`;
    await until({ what, deadlineMs: 30_000, everyMs: 100 }, async () => {
      const said = await this.apply(['--dry-run=server'], classManifest('odd', ODD_SPEC));
      return said.refusal?.includes('expected no overlap') === true;
    });
  }

  apply(flags: readonly string[], object: object): Promise<Said> {
    return this.kubectl(['apply', '-f', '-', ...flags], JSON.stringify(object));
  }

  async kubectl(args: readonly string[], input = ''): Promise<Said> {
    const kubeconfig = `--kubeconfig=${this.#cluster.plane.kubeconfig('admin')}`;
    const { code, stderr } = await tryRun([commandPath('kubectl'), kubeconfig, ...args], input);
    const lines = stderr
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '');
    const warnings = lines.filter((line) => line.startsWith('Warning: '));
    return {
      accepted: code === 0,
      warnings: warnings.map((line) => line.slice('Warning: '.length)),
      refusal: code === 0 ? undefined : lines.filter((line) => !warnings.includes(line)).join('\n'),
    };
  }

  /** What is decoded of the Secret. */
  async secret(): Promise<Readonly<Record<string, string>> | undefined> {
    const found = (await this.api.find(SECRET_PATH)) as
      | { data?: Record<string, string> }
      | undefined;
    if (found?.data === undefined) return undefined;
    const decoded = Object.entries(found.data).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    return Object.fromEntries(decoded);
  }

  async putSecret(data: Readonly<Record<string, string>>): Promise<void> {
    await this.api.send('PATCH', SECRET_PATH, { stringData: data }, PATCH.merge);
  }

  /** Whom API servers trust, by webhook. */
  async trusted(): Promise<string[]> {
    const { webhooks } = (await this.api.get(CONFIGURATION_PATH)) as {
      webhooks: { clientConfig: { caBundle?: string } }[];
    };
    return webhooks.map(({ clientConfig }) =>
      Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(),
    );
  }

  /** The certificate that a replica serves with, in PEM. */
  served(host: Host = HOSTS[0]): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host, port: this.port, rejectUnauthorized: false };
      const socket = connect(options, () => {
        const base64 = socket.getPeerCertificate().raw.toString('base64');
        socket.destroy();
        resolve(base64);
      });
      socket.once('error', reject);
    });
  }

  lastLogLines(count: number): string[] {
    return this.#controllers.flatMap((program) => program.lastLogLines(count));
  }

  async endControllers(): Promise<void> {
    for (const program of this.#controllers) await program.killTree();
  }

  async end(): Promise<void> {
    await this.endControllers();
    // The next one must not wait for the end of a Lease that nobody holds any more.
    const lease = objectPath('Lease', 'metallb-controller', NAMESPACE);
    for (const path of [CONFIGURATION_PATH, SECRET_PATH, lease]) await this.api.ask('DELETE', path);
    await removeAll(this.api);
  }
}

/** Plays with a bench that is taken down afterwards, whatever happens. */
export async function withAdmission(
  cluster: TestCluster,
  play: (bench: AdmissionBench) => Promise<void>,
): Promise<void> {
  const bench = await AdmissionBench.prepare(cluster);
  try {
    await play(bench);
  } catch (error) {
    const lines = bench.lastLogLines(10).join('\n');
    throw new Error(`${error instanceof Error ? error.stack : error}\n${lines}`, { cause: error });
  } finally {
    await bench.end();
    await uninstall(cluster);
  }
}

/** The schema takes it, the controller would not. */
const ODD_SPEC = { addressPool: ['203.0.113.0/24', '203.0.113.7'] };

export function classManifest(name: string, spec: object, metadata: object = {}): object {
  return {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: { name, ...metadata },
    spec,
  };
}

async function install({ plane, api }: TestCluster, port: number): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await api.send(
    'PATCH',
    `${objectPath('Namespace', NAMESPACE)}?fieldManager=test`,
    namespace,
    PATCH.apply,
  );
  const rendered = parseAllDocuments(await helmTemplate());
  const objects = rendered
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null)
    .filter(({ kind }) => INSTALLED_KINDS.includes(kind));
  const here = objects.map((object) => (object.webhooks ? atPort(object, port) : object));
  await plane.kubectl(['apply', '-f', '-'], here.map((object) => stringify(object)).join('---\n'));
}

/** Roles of a chart that nobody installed would be in the way of a release. */
async function uninstall({ plane }: TestCluster): Promise<void> {
  const where = ['--namespace', NAMESPACE, '--selector=module=metallb', '--ignore-not-found'];
  await plane.kubectl(['delete', INSTALLED_KINDS.join(','), ...where]);
}

/** An ExternalName Service has no ports that could lead to another one. */
function atPort({ webhooks = [], ...configuration }: Rendered, port: number): Rendered {
  return {
    ...configuration,
    webhooks: webhooks.map(({ clientConfig, ...webhook }) => ({
      ...webhook,
      clientConfig: { ...clientConfig, service: { ...clientConfig.service, port } },
    })),
  };
}

/** Of the chart's ServiceAccount, with its namespace, as a pod would have it. */
async function kubeconfigOfController({ plane, directory }: TestCluster): Promise<string> {
  const args = ['create', 'token', 'controller', '--namespace', NAMESPACE, '--duration', '1h'];
  const token = (await plane.kubectl(args)).trim();
  const config = parse(await readFile(plane.kubeconfig('admin'), 'utf8'));
  config.users[0].user = { token };
  config.contexts[0].context.namespace = NAMESPACE;
  const path = join(directory, 'admission-controller.kubeconfig');
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, HOSTS[0], () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      );
    });
  });
}
