import type { ClusterObject } from './cluster.ts';
import type { DemoService, DemoStore, DemoUser } from './demo-user.ts';
import { until } from './exec.ts';
import type { Lab } from './lab.ts';
import { endpointSliceManifest, nodeManifest } from './workload.ts';

/** A node has three interfaces; IPs belong on the public one. */
const NODE_FLAGS = ['--exclude-interfaces=^mgmt0$,^cni0$'];
const LOG_LINES = 200;

/** Manifests are files in a directory, and the programs are started by hand. */
export const MANIFESTS: DemoStore = {
  lab: { nodeFlags: NODE_FLAGS },
  userOf: (lab, tell) => new ManifestUser(lab, tell),
};

class ManifestUser implements DemoUser {
  readonly mlbPrefix = [];
  readonly page = /^backend /;
  readonly #lab: Lab;
  readonly #tell: (line: string) => void;

  constructor(lab: Lab, tell: (line: string) => void) {
    this.#lab = lab;
    this.#tell = tell;
  }

  async seeCluster(): Promise<void> {
    await this.#lab.cluster.apply(...this.#lab.nodes.map(nodeManifest));
    for (const program of this.#lab.programs()) program.start();
  }

  async apply(source: string, ...objects: readonly ClusterObject[]): Promise<void> {
    await this.#lab.cluster.apply(...objects);
    this.#tell(`applied: ${source}`);
  }

  async runBackends(service: DemoService): Promise<void> {
    const pods = [{ pod: 'backend', node: 'worker' }];
    await this.#lab.cluster.apply(endpointSliceManifest(service, pods));
  }

  /** `mlb status` shows them; there is nothing else to ask. */
  async seeServices(): Promise<void> {}

  /** The controller's log has them where no API server keeps them. */
  async seeEvents(service: string): Promise<readonly string[]> {
    const object = `Service/default/${service}`;
    const waiting = { what: `an event of ${object} in the controller's log`, deadlineMs: 5_000 };
    const messages = await until(waiting, () => {
      const lines = this.#lab.controller.lastLogLines(LOG_LINES);
      const events = lines.flatMap((line) => allocationIn(line, object) ?? []);
      return events.length > 0 && events;
    });
    for (const message of messages) this.#tell(`IPAllocated  ${object}  ${message}`);
    return messages;
  }

  async annotate(node: string, annotation: string, value: string): Promise<void> {
    const name = { kind: 'Node', name: node };
    await this.#lab.cluster.change(name, { annotations: { [annotation]: value } });
    this.#tell(`kubectl annotate node ${node} ${annotation}=${value}`);
  }
}

function allocationIn(line: string, object: string): string | undefined {
  const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const isIt = fields['object'] === object && fields['reason'] === 'IPAllocated';
  return isIt ? String(fields['message']) : undefined;
}
