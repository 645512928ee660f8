import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { delay, until } from '../../lab/exec.ts';
import type { Api } from '../../lab/kubernetes/api.ts';
import { type ControlPlane, startControlPlane } from '../../lab/kubernetes/control-plane.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { writeKubeconfig } from '../../lab/kubernetes/kubeconfig.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import { bundle } from '../../lab/node-programs.ts';
import { Program } from '../../lab/program.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { inLanes } from '../../modules/metallb/src/store/in-lanes.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';

export type ReplicaName = 'a' | 'b';

/** Where a kubeconfig that names none leads. */
const NAMESPACE = 'default';
const LEASE = objectPath('Lease', 'metallb-controller', NAMESPACE);
/** Where each replica serves its health: two on one host can't share an address. */
const HOSTS = { a: '127.0.0.11', b: '127.0.0.12' } as const;
const PORT = 7472;
const CREATORS = 4;
/** Of each creator: forty Services a second, which lasts longer than a Lease does. */
const CREATOR_RESTS_MS = 100;
/** What the API server writes down: who wrote what, and when the request came. */
const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  verbs: [create, update, patch, delete, deletecollection]
- level: None
`;

/** One line of the API server's audit log, as far as it is read here. */
interface AuditLine {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly name?: string };
  readonly requestReceivedTimestamp: string;
  readonly responseStatus?: { readonly code: number };
}

/** Two controllers, each with a user of its own, on an API server that keeps an audit log. */
export class Replicas {
  readonly api: Api;
  readonly plane: ControlPlane;
  readonly #directory: string;
  readonly #programs = new Map<ReplicaName, Program>();

  private constructor(directory: string, plane: ControlPlane, api: Api) {
    this.#directory = directory;
    this.plane = plane;
    this.api = api;
  }

  /** An empty cluster with a class and nodes; no replica runs yet. */
  static async prepare(directory: string): Promise<Replicas> {
    await mkdir(directory, { recursive: true });
    const policy = join(directory, 'audit-policy.yaml');
    await writeFile(policy, AUDIT_POLICY);
    const flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${directory}/audit.log`];
    const { plane, api } = await startControlPlane(directory, { apiServerFlags: flags });
    const replicas = new Replicas(directory, plane, api);
    try {
      await replicas.#furnish();
      return replicas;
    } catch (error) {
      await replicas.end();
      throw error;
    }
  }

  /** A replica starts and is ready: it leads or stands by. */
  async start(name: ReplicaName): Promise<Program> {
    const program = new Program({
      name: `controller-${name}`,
      command: [
        ...[process.execPath, bundle('controller.mjs'), '--store=kubernetes'],
        ...[`--metrics-address=${HOSTS[name]}:${PORT}`, '--webhook-address=off'],
      ],
      logFile: join(this.#directory, `controller-${name}.log`),
      environment: { KUBECONFIG: this.#kubeconfig(name) },
      isElsewhere: true,
    });
    this.#programs.set(name, program);
    program.start();
    const what = () => `${name} ready: ${program.lastLogLines(3).join(' | ')}`;
    await until({ what, deadlineMs: 20_000 }, async () => (await this.health(name))?.ready);
    return program;
  }

  pidOf(name: ReplicaName): number {
    return this.#program(name).pid;
  }

  /** As a power cut would. */
  async kill(name: ReplicaName): Promise<void> {
    await this.#program(name).killTree();
  }

  /** SIGTERM. @returns once it has ended */
  async terminate(name: ReplicaName): Promise<void> {
    await this.#program(name).stop();
  }

  async leads(name: ReplicaName): Promise<boolean> {
    return (await this.health(name))?.leading === true;
  }

  async health(name: ReplicaName): Promise<{ ready: boolean; leading: boolean } | undefined> {
    try {
      const answer = await fetch(`http://${HOSTS[name]}:${PORT}/readyz`, {
        signal: AbortSignal.timeout(1_000),
      });
      const { leading } = (await answer.json()) as { leading: boolean };
      return { ready: answer.ok, leading };
    } catch {
      return undefined;
    }
  }

  /** Who leads and who stands by at the moment: on a busy machine that may have changed. */
  async roles(): Promise<{ leader: ReplicaName; other: ReplicaName }> {
    const leader = await until({ what: 'one of them leads', deadlineMs: 20_000 }, async () =>
      (await this.leads('a')) ? 'a' : (await this.leads('b')) && 'b',
    );
    return { leader, other: leader === 'a' ? 'b' : 'a' };
  }

  /** Waits until the replica leads. @returns after how long, in ms */
  async leading(name: ReplicaName, deadlineMs: number): Promise<number> {
    const startedAt = performance.now();
    const what = () => `${name} leads: ${this.#programs.get(name)?.lastLogLines(5).join(' | ')}`;
    await until({ what, deadlineMs, everyMs: 20 }, () => this.leads(name));
    return performance.now() - startedAt;
  }

  async lease(): Promise<{ holderIdentity: string; leaseTransitions: number }> {
    const { spec } = (await this.api.get(LEASE)) as {
      spec: { holderIdentity: string; leaseTransitions: number };
    };
    return spec;
  }

  /** Users create this many Services with two IPs each, a few at a time. */
  async createServices(prefix: string, count: number): Promise<void> {
    const names = Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);
    await inLanes(CREATORS, names, async (created) => {
      const { apiVersion, kind, metadata, spec } = service(created, { count: 2 });
      const { name, annotations } = metadata;
      const body = { apiVersion, kind, metadata: { name, annotations }, spec };
      await this.api.send('POST', collectionPath('Service', 'default'), body);
      await delay(CREATOR_RESTS_MS);
    });
  }

  /** The IPs that the statuses of all Services name. */
  async assigned(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { items } = (await this.api.get(collectionPath('Service', 'default'))) as {
      items: { metadata: { name: string }; spec: { type: string }; status: unknown }[];
    };
    const ours = items.filter(({ spec }) => spec.type === 'LoadBalancer');
    return new Map(ours.map(({ metadata, status }) => [metadata.name, ipsOf(status)]));
  }

  /** What this replica's user wrote into the cluster, requested at or after this time. */
  async writesOf(name: ReplicaName, sinceEpochMs: number): Promise<string[]> {
    const text = await readFile(join(this.#directory, 'audit.log'), 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditLine);
    return lines
      .filter(({ user }) => user.username === userOf(name))
      .filter(({ requestReceivedTimestamp: at }) => Date.parse(at) >= sinceEpochMs)
      .map(({ verb, objectRef, responseStatus }) => {
        return `${verb} ${objectRef?.resource}/${objectRef?.name}: ${responseStatus?.code}`;
      });
  }

  async end(): Promise<void> {
    for (const program of this.#programs.values()) await program.killTree();
    this.api.close();
    await this.plane.stop();
  }

  async #furnish(): Promise<void> {
    await applyDefinitions(this.api);
    const pool = classOf('ingress', { isDefault: true, addressPool: ['10.20.0.0/16'] });
    for (const { apiVersion, kind, metadata, spec } of [pool, node('n1'), node('n2'), node('n3')]) {
      const { name } = metadata;
      await this.api.send('POST', collectionPath(kind), {
        apiVersion,
        kind,
        metadata: { name },
        spec,
      });
    }
    for (const name of ['a', 'b'] as const) await this.#admit(name);
  }

  /** A user that may do everything, so that only the election keeps it from writing. */
  async #admit(name: ReplicaName): Promise<void> {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
    await this.api.send('POST', collectionPath('ServiceAccount', NAMESPACE), account);
    await this.api.send('POST', collectionPath('ClusterRoleBinding'), {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `replica-${name}` },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'cluster-admin',
      },
      subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
    });
    const tokens = `${objectPath('ServiceAccount', name, NAMESPACE)}/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const { status } = (await this.api.send('POST', tokens, request)) as {
      status: { token: string };
    };
    const server = { url: this.plane.url, caFile: this.plane.caFile };
    await writeKubeconfig(this.#kubeconfig(name), server, { token: status.token });
  }

  #program(name: ReplicaName): Program {
    const program = this.#programs.get(name);
    if (program === undefined) throw new Error(`replica ${name} was never started`);
    return program;
  }

  #kubeconfig(name: ReplicaName): string {
    return join(this.#directory, `${name}.kubeconfig`);
  }
}

function userOf(name: ReplicaName): string {
  return `system:serviceaccount:${NAMESPACE}:${name}`;
}

/** status.loadBalancer.ingress */
export function ipsOf(status: unknown): string[] {
  return listAt(status, 'loadBalancer', 'ingress').map((entry) => String(valueAt(entry, 'ip')));
}
