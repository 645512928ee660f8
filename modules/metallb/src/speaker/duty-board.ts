import { type DutyRefusal, decideDuty } from '../duty/decide-duty.ts';
import { type Duty, type DutyTable, RECENT_MOVES_MS } from '../duty/duty.ts';
import { LiveDutyTable, sameDuty, sameElection, sameGroup, sameList } from '../duty/duty-table.ts';
import { nextFailbackEdge } from '../duty/failback-window.ts';
import type { GroupPolicy } from '../duty/group-policy.ts';
import { type Holding, oldestHolding } from '../duty/holding.ts';
import type { DutyChange } from '../duty/messages.ts';
import { viewGroup } from '../duty/node-group.ts';
import type { IpAddress } from '../net/ip.ts';
import { formatRange, rangeContains } from '../net/range.ts';
import type { ClusterView, Stale } from './cluster-view.ts';

/**
 * A node that has left a group keeps its duties for as long as a handover may take (network rule 24): its wire,
 * no candidate any more, goes on answering until it has seen a successor. An IP that was released ends at once.
 */
const HANDOVER_MS = 30_000;

/** What a board tells and asks. */
export interface BoardHandler {
  /** An IP that nobody can announce, each time that another reason is found. */
  readonly onRefusal: (ip: IpAddress, refusal: string) => void;
  /**
   * Whether an IP that has no duty yet is to wait for this node's kube-proxy.
   * @param healthPorts healthCheckNodePorts of its Services that have endpoints on this node
   */
  readonly holds: (ip: IpAddress, healthPorts: readonly number[]) => boolean;
}

type GroupChange = Extract<DutyChange, { set: 'group' } | { unset: 'group' }>;

/**
 * This node's duties, kept level with its view of the cluster: an update looks only at what became stale since the
 * last one, whether by a change of the view or by time.
 */
export class DutyBoard {
  readonly #nodeName: string;
  readonly #view: ClusterView;
  readonly #handler: BoardHandler;
  readonly #table = new LiveDutyTable();
  readonly #refusals = new Map<IpAddress, string>();
  /** When time alone makes a group stale. */
  readonly #edges = new Map<string, number>();
  /** Until when IPs of a group are handed over that this node has left. */
  readonly #leaving = new Map<string, number>();
  /** When an IP that has moved too often may move again (network rule 23). */
  readonly #rests = new Map<IpAddress, number>();
  /** IPs that stay assigned although no pool covers them any more: the capture filter must let them through too. */
  readonly #uncovered = new Set<IpAddress>();
  #lostAtEpochMs: number | undefined;

  constructor(nodeName: string, view: ClusterView, handler: BoardHandler) {
    this.#nodeName = nodeName;
    this.#view = view;
    this.#handler = handler;
  }

  get table(): DutyTable {
    return this.#table;
  }

  /** IPs that nobody can announce, and why, in words. */
  get refusals(): ReadonlyMap<IpAddress, string> {
    return this.#refusals;
  }

  /** When to call `update` although nothing changed; undefined when time changes nothing. */
  get nextEdgeEpochMs(): number | undefined {
    const edges = [...this.#edges.values(), ...this.#rests.values()];
    return edges.length === 0 ? undefined : Math.min(...edges);
  }

  /** The store can't be reached: what it said of nodes stands still from now on. */
  storeLost(epochMs: number): void {
    this.#lostAtEpochMs ??= epochMs;
    this.#staleEverything();
  }

  storeReached(): void {
    if (this.#lostAtEpochMs === undefined) return;
    this.#lostAtEpochMs = undefined;
    this.#staleEverything();
  }

  /** Takes in what became stale. @returns the changes of `table`, groups before the duties that name them */
  update(moment: { readonly epochMs: number; readonly revision: number }): DutyChange[] {
    const { epochMs, revision } = moment;
    for (const [id, edge] of this.#edges) if (edge <= epochMs) this.#view.staleGroup(id);
    const stale = this.#view.takeStale();
    for (const [ip, edge] of this.#rests) if (edge <= epochMs) stale.ips.add(ip);
    const groups = [...stale.groups].flatMap((id) => this.#updateGroup(id, epochMs));
    for (const id of this.#joinedOrLeft(groups)) {
      for (const ip of this.#view.ipsOfGroup(id)) stale.ips.add(ip);
    }
    const duties = [...stale.ips].flatMap((ip) => this.#updateDuty(ip, epochMs));
    this.#table.apply([...groups, ...duties]);
    const settings = [...this.#updatePools(stale), ...this.#updateDraining()];
    const last: DutyChange[] =
      revision === this.#table.revision ? [] : [{ set: 'revision', revision }];
    this.#table.apply([...settings, ...last]);
    return [
      ...settings,
      ...groups.filter((change) => 'set' in change),
      ...duties,
      ...groups.filter((change) => 'unset' in change),
      ...last,
    ];
  }

  #staleEverything(): void {
    for (const id of this.#view.policies.keys()) this.#view.staleGroup(id);
  }

  #updateGroup(id: string, epochMs: number): GroupChange[] {
    const policy = this.#view.policies.get(id);
    const old = this.#table.groups.get(id);
    this.#edges.delete(id);
    this.#noteLeaving(id, epochMs);
    if (policy === undefined || !this.#concerns(policy)) {
      return old === undefined ? [] : [{ unset: 'group', id }];
    }
    const connected = this.#lostAtEpochMs === undefined;
    const view = viewGroup(policy, this.#view.nodes.values(), {
      epochMs: this.#lostAtEpochMs ?? epochMs,
      connected,
      self: this.#nodeName,
    });
    this.#setEdge(id, [
      view.changesAtEpochMs,
      this.#leaving.get(id),
      nextFailbackEdge(policy.failback, epochMs),
    ]);
    if (old !== undefined && sameGroup(old, view.group)) return [];
    return [{ set: 'group', group: view.group }];
  }

  /** It begins when the group is of other nodes instead of this one. */
  #noteLeaving(id: string, epochMs: number): void {
    const policy = this.#view.policies.get(id);
    const until = this.#leaving.get(id) ?? epochMs + HANDOVER_MS;
    const foreign = policy?.isLayer2 === true && !this.#serves(policy);
    if (foreign && this.#table.groups.has(id) && until > epochMs) this.#leaving.set(id, until);
    else this.#leaving.delete(id);
  }

  /** Groups that come into the table or go out of it. */
  #joinedOrLeft(changes: readonly GroupChange[]): string[] {
    return changes.flatMap((change) => {
      if ('unset' in change) return [change.id];
      return this.#table.groups.has(change.group.id) ? [] : [change.group.id];
    });
  }

  #setEdge(id: string, edges: readonly (number | undefined)[]): void {
    const known = edges.filter((edge) => edge !== undefined);
    if (known.length > 0) this.#edges.set(id, Math.min(...known));
  }

  /** Whether the group's IPs are to be announced here, or handed over. */
  #concerns(policy: GroupPolicy): boolean {
    return this.#serves(policy) || this.#leaving.has(policy.id);
  }

  /** Whether this node is one of the group's. */
  #serves(policy: GroupPolicy): boolean {
    const self = this.#view.nodes.get(this.#nodeName);
    return policy.isLayer2 && self !== undefined && policy.selects(self);
  }

  #updateDuty(ip: IpAddress, epochMs: number): DutyChange[] {
    const old = this.#table.duties.get(ip);
    const decided = this.#decide(ip, epochMs);
    const duty = decided && { ...decided, since: sinceWhen(old, decided) };
    const restsUntil = duty === undefined ? 0 : duty.lastMoveEpochMs + RECENT_MOVES_MS;
    if (duty?.failback === 'withheld' && restsUntil > epochMs) this.#rests.set(ip, restsUntil);
    else this.#rests.delete(ip);
    if (duty !== undefined) {
      return old !== undefined && sameDuty(old, duty) ? [] : [{ set: 'duty', duty }];
    }
    return old === undefined ? [] : [{ unset: 'duty', ip }];
  }

  #decide(ip: IpAddress, epochMs: number): Duty | undefined {
    const holdings = this.#view.holdingsOf(ip);
    const policyOf = (group: string) => this.#view.policies.get(group);
    const policy = policyOf(oldestHolding(holdings)?.group ?? '');
    const foreign = policy !== undefined && !this.#concerns(policy);
    const slicesOf = (service: string) => this.#view.slicesOf(service);
    const decided =
      holdings.length === 0 || foreign
        ? undefined
        : (this.#unpublished(ip, holdings) ??
          decideDuty({ ip, holdings, epochMs, policyOf, slicesOf }));
    const refusal = decided !== undefined && 'refusal' in decided ? decided.refusal : undefined;
    this.#refuse(ip, refusal);
    if (decided === undefined || 'refusal' in decided) return undefined;
    const isNew = !this.#table.duties.has(ip);
    return isNew && this.#handler.holds(ip, this.#healthPorts(decided, holdings))
      ? undefined
      : decided;
  }

  /** Network rule 26: a Service's status is all that kube-proxy reads, so without it nobody would serve the IP. */
  #unpublished(ip: IpAddress, holdings: readonly Holding[]): DutyRefusal | undefined {
    const services = holdings.map(({ service }) => service);
    if (services.some((key) => this.#view.service(key)?.ingress.includes(ip))) return undefined;
    return { refusal: `the status of Service ${services.join(', ')} does not name it yet` };
  }

  #healthPorts({ localEndpoints }: Duty, holdings: readonly Holding[]): number[] {
    if (localEndpoints?.[this.#nodeName] === undefined) return [];
    return holdings.flatMap(
      ({ service }) => this.#view.service(service)?.healthCheckNodePort ?? [],
    );
  }

  #refuse(ip: IpAddress, refusal: string | undefined): void {
    const before = this.#refusals.get(ip);
    if (refusal === undefined) {
      this.#refusals.delete(ip);
    } else if (refusal !== before) {
      this.#refusals.set(ip, refusal);
      this.#handler.onRefusal(ip, refusal);
    }
  }

  #updatePools(stale: Stale): DutyChange[] {
    const ranges = this.#view.layer2Ranges();
    const held = stale.pools ? this.#table.duties.keys() : [];
    for (const ip of [...held, ...stale.ips]) {
      const covered = ranges.some((range) => rangeContains(range, ip));
      if (covered || !this.#table.duties.has(ip)) this.#uncovered.delete(ip);
      else this.#uncovered.add(ip);
    }
    const pools = new Set([...ranges.map(formatRange), ...this.#uncovered]);
    const sorted = [...pools].sort();
    return sameList(sorted, this.#table.pools) ? [] : [{ set: 'pools', pools: sorted }];
  }

  #updateDraining(): DutyChange[] {
    const draining = this.#view.nodes.get(this.#nodeName)?.draining ?? false;
    return draining === this.#table.draining ? [] : [{ set: 'draining', draining }];
  }
}

/** What was announced before this node heard of it may be older than its present version. */
function sinceWhen(old: Duty | undefined, duty: Duty): number {
  if (old !== undefined) return sameElection(old, duty) ? old.since : duty.since;
  return duty.probing === 'optimistic' ? duty.since : 0;
}
