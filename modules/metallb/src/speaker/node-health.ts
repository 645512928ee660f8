import type { WantedCondition } from '../api/conditions.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { DutyChange } from '../duty/messages.ts';
import type { DataPathFinding } from '../linux/data-path.ts';
import { type ServedPools, shownPools } from '../linux/served-pools.ts';
import type { IpAddress } from '../net/ip.ts';
import type { EchoOutcome } from '../reachability/echo-slot.ts';
import type { Target } from '../reachability/reach-probe.ts';
import type { LinkSight } from '../routing/link-routers.ts';
import type { UplinkPorts } from '../routing/uplinks.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { DataplaneLook, DataplaneOptions, Released } from './dataplane-gate.ts';
import { type DataplanePorts, DataplaneWatch } from './dataplane-watch.ts';
import { HostConditions } from './host-conditions.ts';
import { nodeCondition } from './node-condition.ts';
import {
  type ReachabilityFinding,
  type ReachabilitySight,
  ReachabilityWatch,
} from './reachability-watch.ts';
import type { ReachabilityWish } from './reachability-wishes.ts';

/** How this node's kernel is looked at. */
export interface HostSight {
  readonly dataplane: DataplaneOptions &
    Pick<DataplanePorts, 'onSynced'> & {
      /** Never rejects. @param healthPorts healthCheckNodePorts to ask, at any of the node's addresses */
      readonly look: (
        healthPorts: ReadonlySet<number>,
        nodeIps: readonly IpAddress[],
      ) => Promise<DataplaneLook>;
    };
  /** Interfaces that are only for classes that name them. */
  readonly excludeInterfaces: readonly RegExp[];
  readonly reachability: ReachabilitySight;
  /** Who is at the other end of links. */
  readonly links: LinkSight;
  readonly lookUpRoutes: UplinkPorts['lookUpRoutes'];
  /** How the kernel treats what is served; rejects when that can't be seen. */
  readonly inspect: (
    served: readonly ServedPools[],
    ips: ReadonlySet<IpAddress>,
  ) => Promise<readonly DataPathFinding[]>;
  /** Something else is served than before, for whoever guards it; undefined: nobody here knows any more. */
  readonly onServed: (served: readonly ServedPools[] | undefined) => void;
}

/** What the health of a node needs from its speaker. */
export interface NodeHealthPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly sight: HostSight;
  /** This node's own addresses, as the cluster knows them. */
  readonly nodeIps: () => readonly IpAddress[];
  /** Undefined until it is known. */
  readonly served: () => readonly ServedPools[] | undefined;
  readonly ips: () => Iterable<IpAddress>;
  readonly wishes: () => readonly ReachabilityWish[];
  /** Interfaces that the wire serves. */
  readonly segments: () => Iterable<string>;
  readonly onEcho: (interfaceName: string, outcome: EchoOutcome) => void;
  readonly onReleased: (released: readonly Released[]) => void;
  readonly onGate: () => void;
  /** `conditions` may read otherwise now. */
  readonly onConditions: () => void;
}

/** Whether this node can serve what the wire answers for: kube-proxy's rules and the kernel's routes. */
export class NodeHealth {
  readonly dataplane: DataplaneWatch;
  readonly reachability: ReachabilityWatch;
  readonly #ports: NodeHealthPorts;
  readonly #host: HostConditions;
  #served = '';

  constructor(ports: NodeHealthPorts) {
    this.#ports = ports;
    const { clock, log, sight, onReleased, onConditions } = ports;
    const { look, onSynced } = sight.dataplane;
    this.dataplane = new DataplaneWatch(
      {
        ...{ clock, onSynced, onReleased },
        look: (healthPorts) => look(healthPorts, ports.nodeIps()),
        onGate: () => this.#gateChanged(),
      },
      sight.dataplane,
    );
    this.reachability = new ReachabilityWatch({
      ...{ clock, onFindings: () => this.#reachabilityChanged(), onOutcome: ports.onEcho },
      ...sight.reachability,
      excluded: sight.excludeInterfaces,
      onReach: ports.onGate,
      onFailure: (error) => log.warn("can't probe what should be reached", { error }),
    });
    this.#host = new HostConditions({
      clock,
      look: () => sight.inspect(ports.served() ?? [], new Set(ports.ips())),
      onChange: onConditions,
      onFailure: (error) => log.warn("can't look at the kernel's routes", { error }),
    });
  }

  start(): void {
    this.dataplane.start();
    this.reachability.start();
    this.#host.start();
  }

  stop(): void {
    this.dataplane.stop();
    this.reachability.stop();
    this.#host.stop();
    this.#ports.sight.onServed(undefined);
  }

  /** To be called when interfaces, routers, pools or what announces them may have changed. */
  lookAgain(): void {
    const { served: ask, segments, wishes, sight } = this.#ports;
    this.reachability.setWishes(wishes(), [...segments()]);
    const served = ask();
    if (served === undefined) return;
    const text = JSON.stringify(shownPools(served));
    if (text === this.#served) return;
    this.#served = text;
    this.#host.servesOtherwise();
    sight.onServed(served);
  }

  /** For the wire: gates are about this node, whatever its duties come from. */
  get gates(): Pick<DutyTable, 'dataplaneFailed' | 'reachability'> {
    return { dataplaneFailed: this.dataplane.gate.failed, reachability: this.reachability.reach };
  }

  get gateChanges(): DutyChange[] {
    const { dataplaneFailed, reachability } = this.gates;
    return [
      { set: 'dataplane', failed: dataplaneFailed },
      { set: 'reachability', interfaces: reachability },
    ];
  }

  conditions(): WantedCondition[] {
    const { problem } = this.dataplane.gate;
    return [
      nodeCondition('DataplaneNotSynced', problem === '' ? [] : [problem]),
      nodeCondition('ReachabilityFailed', this.reachability.findings.map(reachabilityMessage)),
      ...this.#host.conditions(),
    ];
  }

  #reachabilityChanged(): void {
    const { log, onConditions } = this.#ports;
    log.info('reachability', { failed: this.reachability.findings.map(reachabilityMessage) });
    onConditions();
  }

  #gateChanged(): void {
    const { log, onGate, onConditions } = this.#ports;
    const { failed, problem } = this.dataplane.gate;
    log.info('dataplane gate', { failed, problem });
    onGate();
    onConditions();
  }
}

function reachabilityMessage(finding: ReachabilityFinding): string {
  const { interface: name, className, silent, targets, quorum } = finding;
  const list = silent.map((target) => targetText(target)).join(', ');
  const answering = targets - silent.length;
  return `${name}: no answer from ${list}: ${answering} of ${targets} targets of MetalLoadBalancerClass ${className} answer, ${quorum} must; nodes that reach theirs come first`;
}

function targetText({ name, addresses }: Target): string {
  if (addresses.length === 0) return `${name} (no default route leads there)`;
  return addresses.join() === name ? name : `${name} (${addresses.join(', ')})`;
}
