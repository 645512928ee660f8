import type { Child } from '../../modules/metallb/src/api/child.ts';
import type { DutyChange } from '../../modules/metallb/src/duty/messages.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { DutyBoard } from '../../modules/metallb/src/speaker/duty-board.ts';
import type { MetallbOptions } from '../../modules/metallb/src/speaker/metallb-view.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import {
  advertisementOf,
  assignedChild,
  balancerClass,
  balancerNode,
  childOf,
  classOf,
  endpointSliceOf,
  l2StatusOf,
  METALLB,
  nodeOf,
  poolOf,
  publishedService,
  serviceOf,
} from './cluster.ts';

export const NOON = Date.parse('2026-05-01T12:00:00Z');

/** A view that reads objects, and the board of node n1 on it. */
export class BoardFixture {
  readonly view: ClusterView;
  readonly board: DutyBoard;
  readonly refusals: string[] = [];
  readonly held = new Set<string>();
  readonly askedPorts: (readonly number[])[] = [];

  constructor(options: Partial<MetallbOptions> = {}) {
    this.view = new ClusterView({ ...METALLB, ...options });
    this.board = new DutyBoard('n1', this.view, {
      onRefusal: (_, refusal) => this.refusals.push(refusal),
      holds: (address, healthPorts) => {
        this.askedPorts.push(healthPorts);
        return this.held.has(address);
      },
    });
  }

  set(object: NewObject): this {
    const { kind, metadata } = object;
    const { metallb } = this.view;
    const key = `${metadata.namespace}/${metadata.name}`;
    if (kind === 'Node') this.view.setNode(metadata.name, nodeOf(object));
    else if (kind === 'Service') this.view.setService(key, serviceOf(object));
    else if (kind === 'IPAddressPool') metallb.setPool(key, poolOf(object));
    else if (kind === 'L2Advertisement') metallb.setAdvertisement(key, advertisementOf(object));
    else if (kind === 'ServiceL2Status') metallb.setStatus(key, l2StatusOf(object));
    else if (kind === 'EndpointSlice') this.view.setSlice(metadata.name, endpointSliceOf(object));
    else if (kind === 'MetalLoadBalancerClass') this.view.setClass(metadata.name, classOf(object));
    else this.#setChild(childOf(object));
    return this;
  }
  /** With its Service, whose status names the IP. */
  #setChild(child: Child): void {
    this.view.setChild(child.metadata.name, child);
    const { namespace, name } = child.serviceRef;
    const published = publishedService(name, [child.status.ip ?? '']);
    this.view.setService(`${namespace}/${name}`, serviceOf(published));
  }
  remove(kind: string, name: string): this {
    const { metallb } = this.view;
    if (kind === 'Node') this.view.setNode(name, undefined);
    else if (kind === 'Service') this.view.setService(name, undefined);
    else if (kind === 'IPAddressPool') metallb.setPool(name, undefined);
    else if (kind === 'L2Advertisement') metallb.setAdvertisement(name, undefined);
    else if (kind === 'ServiceL2Status') metallb.setStatus(name, undefined);
    else if (kind === 'EndpointSlice') this.view.setSlice(name, undefined);
    else if (kind === 'MetalLoadBalancerClass') this.view.setClass(name, undefined);
    else this.view.setChild(name, undefined);
    return this;
  }
  update(epochMs = NOON): DutyChange[] {
    return this.board.update({ epochMs, revision: 1 });
  }
}

/** Two nodes, a class and two Services, all of which the board has seen. */
export function usual(): BoardFixture {
  const fixture = new BoardFixture()
    .set(balancerClass('ingress'))
    .set(balancerNode('n1'))
    .set(balancerNode('n2'))
    .set(assignedChild('web', '192.0.2.1'))
    .set(assignedChild('dns', '192.0.2.2', { policy: 'Local' }));
  fixture.update();
  return fixture;
}

/** Changes in short: what is set, and with a minus what is unset. */
export const names = (changes: readonly DutyChange[]) =>
  changes.map((change) => {
    if ('unset' in change) return `-${change.unset === 'duty' ? change.ip : change.id}`;
    if (change.set === 'duty') return change.duty.ip;
    return change.set === 'group' ? change.group.id : change.set;
  });
