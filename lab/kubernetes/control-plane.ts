import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { run, until } from '../exec.ts';
import { Program } from '../program.ts';
import { Api } from './api.ts';
import { commandPath } from './commands.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { ServiceAccountKeys } from './service-account-keys.ts';

/** Users that the API server knows by a token from its start; everybody else has a ServiceAccount. */
const USERS = {
  admin: { user: 'lab-admin', groups: 'system:masters' },
  'controller-manager': { user: 'system:kube-controller-manager', groups: 'system:authenticated' },
  'kube-proxy': { user: 'system:kube-proxy', groups: 'system:node-proxiers' },
} as const;

export type ControlPlaneUser = keyof typeof USERS;

export interface ControlPlaneOptions {
  /** Its own: certificates, data, logs. */
  readonly directory: string;
  /** Network namespace to run in; the caller's own without it. */
  readonly namespace?: string | undefined;
  /** IPv4 address that the API server listens on. */
  readonly address: string;
  /** 0: a free one, which only the caller's own namespace can tell. */
  readonly port: number;
  readonly controllerManager: boolean;
  /** Controllers of kube-controller-manager, as its flag `--controllers` takes them. */
  readonly controllers?: string;
  readonly apiServerFlags?: readonly string[];
}

/** Nodes have no kubelet that renews leases: the node life cycle is left to the tests that want it. */
const CONTROLLERS = '*,-node-lifecycle-controller,-node-ipam-controller,-taint-eviction-controller';
const START_DEADLINE_MS = 60_000;

/** A real etcd, kube-apiserver and kube-controller-manager. */
export class ControlPlane {
  readonly url: string;
  readonly caFile: string;
  readonly etcd: Program;
  readonly apiServer: Program;
  readonly controllerManager: Program | undefined;
  readonly serviceAccountKeys: ServiceAccountKeys;
  readonly #options: ControlPlaneOptions;
  readonly #tokens: ReadonlyMap<ControlPlaneUser, string>;
  readonly #etcdUrl: string;

  constructor(options: ControlPlaneOptions, ports: Ports, tokens: Tokens) {
    const { directory, address, controllerManager } = options;
    this.#options = options;
    this.#tokens = tokens;
    this.serviceAccountKeys = new ServiceAccountKeys(directory);
    this.url = `https://${address}:${ports.api}`;
    this.caFile = join(directory, 'certificates', 'apiserver.crt');
    this.#etcdUrl = `http://127.0.0.1:${ports.etcd}`;
    this.etcd = this.#program('etcd', etcdCommand(directory, this.#etcdUrl, ports.etcdPeer));
    this.apiServer = this.#program(
      'kube-apiserver',
      apiServerCommand(options, ports.api, this.#etcdUrl, this.serviceAccountKeys),
    );
    this.controllerManager = controllerManager
      ? this.#program('kube-controller-manager', controllerManagerCommand(this, options))
      : undefined;
  }

  programs(): readonly Program[] {
    return [this.etcd, this.apiServer, this.controllerManager].filter(
      (program) => program !== undefined,
    );
  }

  token(user: ControlPlaneUser): string {
    return this.#tokens.get(user) ?? '';
  }

  kubeconfig(user: ControlPlaneUser): string {
    return join(this.#options.directory, `${user}.kubeconfig`);
  }

  /** The API as administrator. @param socketPath leads to it from another network namespace */
  api(socketPath?: string): Api {
    const { hostname, port } = new URL(this.url);
    const caFile = this.caFile;
    return new Api({
      ...{ host: hostname, port: Number(port), socketPath, caFile, token: this.token('admin') },
    });
  }

  async start(api: Api): Promise<void> {
    this.etcd.start();
    this.apiServer.start();
    await this.ready(api);
    this.controllerManager?.start();
  }

  /** As after a change of its files: nobody is told beforehand. */
  async restartApiServer(api: Api): Promise<void> {
    await this.apiServer.killTree();
    this.apiServer.start();
    await this.ready(api);
  }

  async ready(api: Api): Promise<void> {
    const what = () =>
      `API server ready; its last words: ${this.apiServer.lastLogLines(3).join(' | ')}`;
    await until({ what, deadlineMs: START_DEADLINE_MS, everyMs: 50 }, async () => {
      const answer = await api.ask('GET', '/readyz').catch(() => undefined);
      return answer?.status === 200;
    });
  }

  /** kubectl as administrator. @returns what it prints  @throws when it fails */
  kubectl(args: readonly string[], input = ''): Promise<string> {
    const command = [commandPath('kubectl'), `--kubeconfig=${this.kubeconfig('admin')}`, ...args];
    return run(this.inNamespace(command), input);
  }

  /** Forgets the history of everything: a watch that wants to go on from there gets 410 Gone. */
  async compact(): Promise<void> {
    const status = await this.etcdctl(['endpoint', 'status', '--write-out=json']);
    const [{ Status }] = JSON.parse(status) as [{ Status: { header: { revision: number } } }];
    await this.etcdctl(['compaction', `${Status.header.revision}`]);
  }

  /** What the API server stores, past it. @returns what etcdctl prints  @throws when it fails */
  etcdctl(args: readonly string[], input = ''): Promise<string> {
    const endpoint = `--endpoints=${this.#etcdUrl}`;
    const etcdctl = ['env', 'ETCDCTL_API=3', commandPath('etcdctl'), endpoint];
    return run(this.inNamespace([...etcdctl, ...args]), input);
  }

  async stop(): Promise<void> {
    for (const program of [...this.programs()].reverse()) await program.killTree();
  }

  inNamespace(command: readonly string[]): string[] {
    const { namespace } = this.#options;
    return namespace === undefined ? [...command] : ['ip', 'netns', 'exec', namespace, ...command];
  }

  #program(name: string, command: readonly string[]): Program {
    const { directory, namespace } = this.#options;
    return new Program({
      ...{ name, command, logFile: join(directory, `${name}.log`), isElsewhere: true },
      ...(namespace === undefined ? {} : { namespace }),
    });
  }
}

interface Ports {
  readonly api: number;
  readonly etcd: number;
  readonly etcdPeer: number;
}

type Tokens = ReadonlyMap<ControlPlaneUser, string>;

/** Writes what the programs need; nothing runs yet. */
export async function prepareControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { directory } = options;
  await mkdir(join(directory, 'certificates'), { recursive: true });
  const tokens = new Map<ControlPlaneUser, string>();
  for (const name of Object.keys(USERS) as ControlPlaneUser[]) {
    tokens.set(name, randomBytes(16).toString('hex'));
  }
  const rows = [...tokens].map(([name, token]) => {
    const { user, groups } = USERS[name];
    return `${token},${user},${user},"${groups}"\n`;
  });
  await writeFile(join(directory, 'tokens.csv'), rows.join(''), { mode: 0o600 });
  const ports = await choosePorts(options);
  const plane = new ControlPlane(options, ports, tokens);
  await plane.serviceAccountKeys.create();
  for (const [name, token] of tokens) {
    await writeKubeconfig(plane.kubeconfig(name), plane, { token });
  }
  return plane;
}

/** An etcd and an API server on loopback, for tests that need no network. @returns both, running */
export async function startControlPlane(
  directory: string,
  options: Partial<ControlPlaneOptions> = {},
): Promise<{ plane: ControlPlane; api: Api }> {
  const plane = await prepareControlPlane({
    ...{ directory, address: '127.0.0.1', port: 0, controllerManager: false },
    ...options,
  });
  const api = plane.api();
  try {
    await plane.start(api);
  } catch (error) {
    await plane.stop();
    throw error;
  }
  return { plane, api };
}

function etcdCommand(directory: string, url: string, peerPort: number): string[] {
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  return [
    commandPath('etcd'),
    ...['--name=lab', `--data-dir=${join(directory, 'etcd')}`, '--unsafe-no-fsync'],
    ...[`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`],
    ...[`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`],
    ...[
      `--initial-cluster=lab=${peerUrl}`,
      '--log-level=error',
      '--quota-backend-bytes=2000000000',
    ],
  ];
}

function apiServerCommand(
  { directory, address, apiServerFlags = [] }: ControlPlaneOptions,
  port: number,
  etcdUrl: string,
  keys: ServiceAccountKeys,
): string[] {
  return [
    commandPath('kube-apiserver'),
    ...[`--etcd-servers=${etcdUrl}`, `--cert-dir=${join(directory, 'certificates')}`],
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${keys.verifying}`,
    `--service-account-signing-key-file=${keys.signing}`,
    '--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112',
    ...[`--token-auth-file=${join(directory, 'tokens.csv')}`, '--authorization-mode=RBAC'],
    ...[`--bind-address=${address}`, `--advertise-address=${address}`, `--secure-port=${port}`],
    ...['--endpoint-reconciler-type=none', '--profiling=false'],
    // Webhooks are Services: the server asks their Pods itself, as no kube-proxy runs beside it.
    '--enable-aggregator-routing=true',
    ...apiServerFlags,
  ];
}

function controllerManagerCommand(
  plane: ControlPlane,
  { controllers = CONTROLLERS }: ControlPlaneOptions,
): string[] {
  return [
    commandPath('kube-controller-manager'),
    `--kubeconfig=${plane.kubeconfig('controller-manager')}`,
    `--service-account-private-key-file=${plane.serviceAccountKeys.signing}`,
    `--root-ca-file=${plane.caFile}`,
    ...['--use-service-account-credentials', '--leader-elect=false', '--secure-port=0'],
    `--controllers=${controllers}`,
  ];
}

/** In a namespace of its own every port is free. */
async function choosePorts({ namespace, port }: ControlPlaneOptions): Promise<Ports> {
  if (namespace !== undefined) return { api: port || 6443, etcd: 2379, etcdPeer: 2380 };
  const [api = 0, etcd = 0, etcdPeer = 0] = await freePorts(3);
  return { api: port || api, etcd, etcdPeer };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Lets programs that run as another user read what the plane has written. @throws when it is not there yet */
export async function publishCertificate(plane: ControlPlane): Promise<void> {
  await readFile(plane.caFile);
  await chmod(plane.caFile, 0o644);
}
