import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../api/fields.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import { l2StatusLabels, l2StatusName, newL2Status, type ServiceIp } from '../metallb/l2-status.ts';
import type { IpAddress } from '../net/ip.ts';
import { InvalidError, NotFoundError } from '../store/errors.ts';
import type { JsonPatchOperation } from '../store/store.ts';
import { statusPatch, type WantedStatus } from './status-patch.ts';
import type { StatusWriterPorts } from './status-writer.ts';

const KIND = 'ServiceL2Status';

type Ports = Omit<StatusWriterPorts, 'nodeConditions' | 'sessions' | 'random' | 'onFailure'>;

/** Who announces the IPs of Services of MetalLB's API: an object for each, made by the first who has something to say. */
export class ServiceStatuses {
  readonly #nodeName: string;
  readonly #ports: Ports;

  constructor(nodeName: string, ports: Ports) {
    this.#nodeName = nodeName;
    this.#ports = ports;
  }

  async write(service: PublishedService, ip: IpAddress, wanted: WantedStatus): Promise<void> {
    const { namespace = 'default', name, uid } = service.metadata;
    const serviceIp = { namespace, name, uid, ip };
    const object = await this.#object(serviceIp, wanted);
    if (object === undefined) return;
    const after = await this.#tell(object, {
      ...wanted,
      fields: { ...this.#fields(serviceIp, wanted) },
    });
    if (wanted.announcer !== undefined && after !== object) await this.#label(after, serviceIp);
  }

  /**
   * Takes back what this node told of an IP that nobody can announce any more, or for Services that have it no more; what
   * dead nodes told, the controller does.
   */
  async takeBack(ip: IpAddress): Promise<void> {
    const { objects, store, view, wire, isRefused } = this.#ports;
    const isOver = isRefused(ip) && !wire.announces(ip);
    for (const key of view.metallb.leftovers(ip, this.#nodeName, isOver)) {
      const object = objects.object(KIND, key);
      if (object === undefined) continue;
      const { namespace, name, uid } = object.metadata;
      try {
        await store.write({ do: 'delete', ref: { kind: KIND, namespace, name }, uid });
      } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
  }

  /** @returns the object that tells it */
  async #tell(object: KubernetesObject, wanted: WantedStatus): Promise<KubernetesObject> {
    const patch = statusPatch(object, wanted, this.#ports.clock.epochMs());
    if (patch.length === 0) return object;
    try {
      return (await this.#patch(object, patch, 'status')) ?? object;
    } catch (error) {
      // MetalLB's own definition, where it is installed, has a node that can be taken away and not be replaced.
      if (!(error instanceof InvalidError) || !hasNode(object)) throw error;
      const path = '/status/node';
      const without = await this.#patch(object, [{ op: 'remove', path }], 'status');
      if (without === undefined || hasNode(without)) throw error;
      return await this.#tell(without, wanted);
    }
  }

  /** As stored; undefined where there is none, and nothing to tell. */
  async #object(service: ServiceIp, wanted: WantedStatus): Promise<KubernetesObject | undefined> {
    const { objects, store, statusNamespace: namespace } = this.#ports;
    const known = objects.object(KIND, keyOf({ namespace, name: l2StatusName(service) }));
    const isNews = wanted.announcer !== undefined || wanted.conditions.length > 0;
    if (known !== undefined || !isNews) return known;
    const object = newL2Status(service, namespace, this.#nodeName);
    try {
      return await store.write({ do: 'create', object });
    } catch (error) {
      // Without a definition nobody can be told.
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  #fields({ namespace, name, uid, ip }: ServiceIp, { announcer }: WantedStatus) {
    const fields = { serviceName: name, serviceNamespace: namespace, ip };
    if (announcer === undefined) return fields;
    const { view } = this.#ports;
    const [group = ''] = view.holdingsOf(ip).map((holding) => holding.group);
    const interfaces = view.policies.get(group)?.interfacesOn(view.nodes.get(this.#nodeName)) ?? [];
    return {
      ...fields,
      serviceUid: uid,
      node: announcer.node,
      interfaces: interfaces.map((each) => ({ name: each })),
    };
  }

  /** The label that MetalLB's users select by. Written after the status: who reads it looks there next. */
  async #label(object: KubernetesObject, service: ServiceIp): Promise<void> {
    const labels = l2StatusLabels(service, this.#nodeName);
    const known = object.metadata.labels ?? {};
    if (isDeepStrictEqual({ ...known, ...labels }, known)) return;
    const value = { ...known, ...labels };
    await this.#patch(object, [{ op: 'add', path: '/metadata/labels', value }]);
  }

  #patch(
    { metadata: { namespace, name } }: KubernetesObject,
    patch: readonly JsonPatchOperation[],
    subresource?: 'status',
  ): Promise<KubernetesObject | undefined> {
    const ref = { kind: KIND, namespace, name } as const;
    return this.#ports.store.write({
      do: 'patch',
      ref,
      patch,
      ...(subresource && { subresource }),
    });
  }
}

function hasNode({ status }: KubernetesObject): boolean {
  return isRecord(status) && status['node'] !== undefined;
}
