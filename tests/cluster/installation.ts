import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { readHeartbeatKeys } from '../../modules/metallb/src/settings/heartbeat-keys.ts';
import type { TestCluster } from './cluster-scenario.ts';
import { helm, RELEASE } from './helm.ts';
import { whilePlayingJobs } from './hook-job.ts';

interface Speaker {
  readonly metadata: { readonly generation: number };
  readonly status: Readonly<Record<string, number>>;
}

interface Listed {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

let count = 0;

/** A release of the chart in a namespace of its own, so that nobody waits for the end of the one before. */
export class Installation {
  readonly namespace: string;
  readonly #cluster: TestCluster;

  constructor(cluster: TestCluster) {
    count += 1;
    this.namespace = `chart-${count}`;
    this.#cluster = cluster;
  }

  /** @returns what helm says, on either channel */
  install(metallb?: object): Promise<string> {
    const verb = ['install', RELEASE, 'CHART', '--values', 'VALUES', '--create-namespace'];
    return this.#succeed(verb, metallb);
  }

  upgrade(metallb?: object): Promise<string> {
    return this.#succeed(['upgrade', RELEASE, 'CHART', '--values', 'VALUES'], metallb);
  }

  rollback(revision: number): Promise<string> {
    return this.#succeed(['rollback', RELEASE, `${revision}`]);
  }

  /** With the Job that comes after it. */
  uninstall(): Promise<string> {
    return whilePlayingJobs(this.#cluster, this.namespace, () =>
      this.#succeed(['uninstall', RELEASE]),
    );
  }

  /** With everything that Helm does not know of; the namespace itself goes in its own time. */
  async remove(): Promise<void> {
    await this.#succeed(['uninstall', RELEASE, '--ignore-not-found', '--no-hooks']);
    const pods = await this.speakerPods();
    for (const pod of pods) await this.end(pod);
    await this.#cluster.api.ask('DELETE', `/api/v1/namespaces/${this.namespace}`);
  }

  /** As the controllers do, into what the chart brings empty. */
  async write(lease: object, certificate: object): Promise<void> {
    const { api } = this.#cluster;
    await api.send('PATCH', this.#leasePath, { spec: lease }, PATCH.merge);
    await api.send('PATCH', this.#certificatePath, { data: certificate }, PATCH.merge);
  }

  async hasWritten(lease: object, certificate: object | undefined): Promise<void> {
    const { api } = this.#cluster;
    const found = [await api.get(this.#leasePath), await api.get(this.#certificatePath)];
    assert.equal(valueAt(found[0], 'spec'), lease);
    assert.equal(valueAt(found[1], 'data'), certificate);
  }

  async deleteWritten(): Promise<void> {
    for (const path of [this.#leasePath, this.#certificatePath]) {
      await this.#cluster.api.send('DELETE', path);
    }
  }

  get #leasePath(): string {
    return objectPath('Lease', 'metallb-controller', this.namespace);
  }

  get #certificatePath(): string {
    return objectPath('Secret', 'metallb-webhook', this.namespace);
  }

  /** In base64, the newest first. */
  async heartbeatKeys(): Promise<string[]> {
    const { data } = (await this.secret('metallb-heartbeat')) as { data: { keys: string } };
    const file = join(this.#cluster.directory, 'heartbeat-keys');
    writeFileSync(file, Buffer.from(data.keys, 'base64'));
    return readHeartbeatKeys(file).map((key) => Buffer.from(key).toString('base64'));
  }

  secret(name: string): Promise<unknown> {
    return this.#cluster.api.get(`/api/v1/namespaces/${this.namespace}/secrets/${name}`);
  }

  async speaker(): Promise<Speaker> {
    const path = `/apis/apps/v1/namespaces/${this.namespace}/daemonsets/speaker`;
    return (await this.#cluster.api.get(path)) as Speaker;
  }

  async speakerPods(): Promise<string[]> {
    const path = `/api/v1/namespaces/${this.namespace}/pods?labelSelector=app=speaker`;
    const { items } = (await this.#cluster.api.get(path)) as Listed;
    return items.map(({ metadata }) => metadata.name);
  }

  /** As the kubelet does once a deleted pod has ended. */
  async end(pod: string): Promise<void> {
    await this.#cluster.api.ask('DELETE', `${this.#podPath(pod)}?gracePeriodSeconds=0`);
  }

  #podPath(pod: string): string {
    return `/api/v1/namespaces/${this.namespace}/pods/${pod}`;
  }

  async #succeed(verb: readonly string[], metallb: object = {}): Promise<string> {
    const { code, said } = await this.#run(verb, metallb);
    assert.is(code, 0, said);
    return said;
  }

  async #run(
    verb: readonly string[],
    metallb: object,
  ): Promise<{ readonly code: number | null; readonly said: string }> {
    const kubeconfig = this.#cluster.plane.kubeconfig('admin');
    const args = [...verb, '--namespace', this.namespace, '--kubeconfig', kubeconfig];
    const { code, stdout, stderr } = await helm(args, { metallb });
    return { code, said: `${stdout}${stderr}` };
  }
}
