import { stringify } from 'yaml';
import type { ClusterObject } from './cluster.ts';
import type { DemoService, DemoStore, DemoUser } from './demo-user.ts';
import { until } from './exec.ts';
import { runBackends } from './kubernetes/backend-pods.ts';
import { RELEASE, RELEASE_NAMESPACE } from './kubernetes/release.ts';
import type { Lab } from './lab.ts';

/** Five seconds in production, longer than anybody likes to look at a demo. */
const VALUES = { metallb: { holdDownMs: 1_000 } };
const ENDPOINTS_WITHIN_MS = 20_000;

/** A real API server: helm has installed the module, and kubectl does the rest. */
export const KUBERNETES: DemoStore = {
  lab: { store: 'kubernetes', release: VALUES },
  userOf: (lab, tell) => new KubectlUser(lab, tell),
};

class KubectlUser implements DemoUser {
  readonly mlbPrefix: readonly string[];
  readonly page = /^pod\d /;
  readonly #lab: Lab;
  readonly #tell: (line: string) => void;

  constructor(lab: Lab, tell: (line: string) => void) {
    this.#lab = lab;
    this.#tell = tell;
    const kubeconfig = lab.kubernetes.plane.kubeconfig('admin');
    const where = ['ip', 'netns', 'exec', lab.namespace('control')];
    this.mlbPrefix = [...where, 'env', `KUBECONFIG=${kubeconfig}`];
  }

  async seeCluster(): Promise<void> {
    this.#tell(`helm upgrade --install ${RELEASE} --namespace ${RELEASE_NAMESPACE}: done`);
    await this.#kubectl('get', 'nodes');
    await this.#seePods();
  }

  async apply(source: string, ...objects: readonly ClusterObject[]): Promise<void> {
    this.#tell(`kubectl apply: ${source}`);
    const manifests = objects.map((object) => stringify(object)).join('---\n');
    this.#show(await this.#plane.kubectl(['apply', '--filename=-'], manifests));
  }

  async runBackends({ name }: DemoService): Promise<void> {
    await runBackends(this.#lab, name);
    const waiting = { what: `endpoints of ${name}`, deadlineMs: ENDPOINTS_WITHIN_MS, everyMs: 50 };
    await until(waiting, async () => {
      const slices = await this.#lab.cluster.list('EndpointSlice');
      const own = slices.filter(
        ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name,
      );
      const endpoints = own.flatMap((slice) => (slice['endpoints'] ?? []) as object[]);
      return endpoints.length === this.#lab.nodes.length;
    });
  }

  async seeServices(): Promise<void> {
    for (const kind of ['metalloadbalancerclass', 'service', 'sdninternall2lbservice']) {
      await this.#kubectl('get', kind);
    }
    // A node becomes a balancer node by a class: its speaker has come with that.
    await this.#seePods();
  }

  async seeEvents(service: string): Promise<readonly string[]> {
    const which = `involvedObject.kind=Service,involvedObject.name=${service},reason=IPAllocated`;
    const query = ['get', 'events', `--field-selector=${which}`];
    const waiting = { what: `an Event of Service ${service}`, deadlineMs: 10_000, everyMs: 200 };
    const messages = await until(waiting, async () => {
      const found = await this.#plane.kubectl([...query, '--output=jsonpath={.items[*].message}']);
      return found !== '' && [found];
    });
    await this.#kubectl(...query);
    return messages;
  }

  async annotate(node: string, annotation: string, value: string): Promise<void> {
    await this.#kubectl('annotate', 'node', node, `${annotation}=${value}`);
  }

  async #seePods(): Promise<void> {
    await this.#kubectl('get', 'pods', '--namespace', RELEASE_NAMESPACE, '--output=wide');
  }

  get #plane() {
    return this.#lab.kubernetes.plane;
  }

  /** Shows the command and what it answers. */
  async #kubectl(...args: readonly string[]): Promise<void> {
    this.#tell(`kubectl ${args.join(' ')}`);
    this.#show(await this.#plane.kubectl(args));
  }

  #show(output: string): void {
    for (const line of output.trimEnd().split('\n')) this.#tell(`  ${line}`);
  }
}
