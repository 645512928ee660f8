import type { BgpPeer } from '../api/bgp-peer.ts';
import type { ToldSession } from '../api/bgp-session-condition.ts';
import type { WantedCondition } from '../api/conditions.ts';
import type { Node } from '../api/node.ts';
import type { BfdReport } from '../bfd/messages.ts';
import { peersOfNode } from '../bgp/metallb-routes.ts';
import type { ServedPools } from '../linux/served-pools.ts';
import type { IpAddress } from '../net/ip.ts';
import { BfdLink } from '../routing/bfd-link.ts';
import { BgpListeners } from '../routing/bgp-listeners.ts';
import { LinkRouters, type LinkSight } from '../routing/link-routers.ts';
import { setUpPeer } from '../routing/peer-options.ts';
import { type SessionFacts, Sessions } from '../routing/sessions.ts';
import { type UplinkPorts, Uplinks } from '../routing/uplinks.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Clock, formatTimestamp, type Timer } from '../time/clock.ts';
import { AnnouncedRoutes, type Holds } from './announced-routes.ts';
import type { BgpFigures } from './bgp-metrics.ts';
import type { ClusterView } from './cluster-view.ts';
import { Departure } from './departure.ts';
import { nodeCondition } from './node-condition.ts';
import { PeerPasswords } from './peer-passwords.ts';
import { listenedPeer, type PeerWish, peerWish } from './peer-wish.ts';
import { RefusedConnections } from './refused-connections.ts';
import type { RememberedRoutes } from './remembered-routes.ts';
import { routedPools } from './routed-pools.ts';
import { ServiceBgpStatuses } from './service-bgp-statuses.ts';
import { isLeaving } from './service-routes.ts';
import { SessionLog } from './session-log.ts';
import { complaintsOf } from './session-words.ts';
import type { AnnouncedService } from './speaker-metrics.ts';
import type { BfddPorts } from './speaker-ports.ts';

export interface BgpRoutingPorts {
  readonly store: Store;
  readonly view: ClusterView;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly bfdd: BfddPorts;
  readonly links: LinkSight;
  readonly lookUpRoutes: UplinkPorts['lookUpRoutes'];
  readonly dataplane: RoutedDataplane;
  /** Where routers connect to; 0: nowhere. */
  readonly bgpListenPort: number;
  /** The kernel has gone on since the speaker before. */
  readonly forwardsOn: boolean;
  /** Where it is told to whom Services are announced. */
  readonly statusNamespace: string;
  /** `conditions` reads otherwise. */
  readonly onConditions: () => void;
  /** `served` does. */
  readonly onServed: () => void;
  /** `memory` does. */
  readonly onMemory: () => void;
}

/** This node's kube-proxy, which serves what routers send. */
export interface RoutedDataplane {
  readonly holds: Holds;
  /** It would serve nothing at all. */
  readonly servesNothing: () => boolean;
}

/** Routers that this node tells of Service IPs, and of which: level with the view of the cluster. */
export class BgpRouting {
  readonly #nodeName: string;
  readonly #ports: BgpRoutingPorts;
  readonly #routes: AnnouncedRoutes;
  readonly #sessions: Sessions;
  readonly #sessionLog: SessionLog;
  /** Undefined where nobody may connect. */
  readonly #listeners: BgpListeners | undefined;
  readonly #refused: RefusedConnections;
  readonly #bfd: BfdLink;
  readonly #passwords: PeerPasswords;
  readonly #routers: LinkRouters;
  readonly #uplinks: Uplinks;
  readonly #statuses: ServiceBgpStatuses;
  readonly #departure = new Departure();
  /** Of the peers of this node, sorted. */
  #peerNames: readonly string[] = [];
  /** Of this node, by which they are its peers; undefined before any are known. */
  #labels: Node['labels'] | undefined;
  /** Those whose BFD is to be signed. */
  #signed: ReadonlySet<string> = new Set();
  /** What peers were configured from the last time. */
  #basis: readonly unknown[] = [];
  /** Passwords, and routers at interfaces. */
  #surroundingsVersion = 0;
  /** What an earlier speaker knew, until the view is whole. */
  #resumed: RememberedRoutes | undefined;
  /** The view is whole. */
  #isLevel = false;
  #edge: Timer | undefined;
  #stopped: Promise<void> | undefined;

  constructor(nodeName: string, ports: BgpRoutingPorts) {
    this.#nodeName = nodeName;
    this.#ports = ports;
    const { store, view, clock, random, log } = ports;
    this.#routes = new AnnouncedRoutes(nodeName, view, ports.dataplane.holds);
    this.#sessions = new Sessions({
      clock,
      random,
      onEvent: (peer, event) => {
        if (this.#sessionLog.hear(peer, event)) ports.onConditions();
      },
    });
    this.#sessionLog = new SessionLog(clock, log, () => this.#sessions.facts);
    this.#refused = new RefusedConnections(clock, log);
    this.#listeners = ports.bgpListenPort === 0 ? undefined : this.#newListeners();
    this.#bfd = new BfdLink({
      ...ports.bfdd,
      onStanding: (peer, report) => this.#setPath(peer, report),
      onError: (error) => log.error('connection to bfdd failed', { error }),
    });
    this.#passwords = new PeerPasswords({
      ...{ store, namespace: ports.statusNamespace },
      onChange: () => this.#surroundingsChanged(),
    });
    this.#routers = new LinkRouters({
      ...{ ...ports.links, clock },
      onChange: () => this.#surroundingsChanged(),
      onFailure: (error) => log.warn('routers at interfaces can not be found', { error }),
    });
    this.#uplinks = new Uplinks({
      ...{ clock, lookUpRoutes: ports.lookUpRoutes, onChange: ports.onServed },
      onFailure: (error) => log.warn('ways to routers can not be looked up', { error }),
    });
    this.#statuses = new ServiceBgpStatuses(nodeName, {
      ...{ store, clock, random, namespace: ports.statusNamespace },
      peersOf: (service) => this.#peersOf(service),
      onFailure: (key, error, retryMs) =>
        log.debug('ServiceBGPStatus not written', { service: key, error, retryMs }),
    });
  }

  /** Takes in what the view says by now. Not to be called before the view is whole. */
  update(): void {
    if (this.#isStopped) return;
    this.#isLevel = true;
    const { clock, dataplane, view } = this.#ports;
    const node = view.nodes.get(this.#nodeName);
    const leaves = node !== undefined && isLeaving(node);
    const standing = this.#departure.standing(leaves, clock.now());
    const isWithdrawn = standing === 'gone' || dataplane.servesNothing();
    const { changes, services } = this.#routes.take(isWithdrawn);
    for (const ip of this.#resumed?.routes.keys() ?? []) {
      if (!changes.has(ip)) this.#sessions.routes.setIp(ip, []);
    }
    this.#resumed = undefined;
    for (const [ip, advertisements] of changes) this.#sessions.routes.setIp(ip, advertisements);
    this.#sessions.setLeaving(standing !== 'here');
    const havePeersChanged = this.#setPeers(node);
    this.#sessions.flush();
    if (changes.size > 0 || havePeersChanged) this.#ports.onMemory();
    // Those that have lost their routes in this very pass, too.
    this.#tell(havePeersChanged ? new Set([...this.#routes.services, ...services]) : services);
    this.#edge?.cancel();
    const edge = this.#departure.nextEdgeMs;
    if (standing === 'leaving' && edge !== undefined) {
      this.#edge = clock.after(Math.max(0, edge - clock.now()), () => this.update());
    }
  }

  /** What an earlier speaker announced, until the view is whole. Sessions that need a Secret wait for it. */
  resume(remembered: RememberedRoutes): void {
    this.#resumed = remembered;
    this.lookAgain();
  }

  /** These IPs need not wait for kube-proxy any longer. */
  release(ips: Iterable<IpAddress>): void {
    this.#routes.release(ips);
  }

  /** To be called when kube-proxy may serve otherwise than before. */
  lookAgain(): void {
    if (this.#isLevel) this.update();
    else if (this.#resumed !== undefined && !this.#isStopped) this.#goOnWith(this.#resumed);
  }

  #goOnWith({ routes, ...node }: RememberedRoutes): void {
    const isServed = !this.#ports.dataplane.servesNothing();
    for (const [ip, advertisements] of routes)
      this.#sessions.routes.setIp(ip, isServed ? advertisements : []);
    this.#setPeers(node);
    this.#sessions.flush();
  }

  /** They may be there before all else is. */
  #surroundingsChanged(): void {
    this.#surroundingsVersion += 1;
    this.lookAgain();
  }

  /** For `resume` of a later process. */
  get memory(): RememberedRoutes {
    const { labels = {}, internalIps = [] } = this.#ports.view.nodes.get(this.#nodeName) ?? {};
    return { labels, internalIps, routes: this.#routes.all };
  }

  /** Withdraws everything and says good-bye. Idempotent: it resolves when that is done. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  get #isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  async #end(): Promise<void> {
    this.#edge?.cancel();
    this.#passwords.stop();
    this.#routers.stop();
    this.#uplinks.stop();
    this.#listeners?.stop();
    await Promise.all([this.#sessions.stop('speaker is stopped'), this.#statuses.stop()]);
    this.#bfd.stop();
    this.#ports.onConditions();
  }

  get sessions(): readonly (SessionFacts & { readonly bfd: BfdReport | undefined })[] {
    return this.#sessions.facts.map((one) => ({ ...one, bfd: this.#bfd.reportOf(one.peer) }));
  }

  /** What is counted. */
  get figures(): BgpFigures {
    return { sessions: this.sessions, refusedConnections: this.#refused.total };
  }

  /** IPs of Services that this node announces to anybody. */
  announced(): AnnouncedService[] {
    if (this.#isStopped) return [];
    return [...this.#routes.services].flatMap((service) => {
      if (this.#peersOf(service).length === 0) return [];
      return this.#announcedOf(service).map(([ip]) => ({
        service,
        protocol: 'bgp' as const,
        node: this.#nodeName,
        ip,
      }));
    });
  }

  /** Pools that routers may send packets for; undefined until it is known by which interfaces. */
  get served(): ServedPools[] | undefined {
    const uplinks = this.#uplinks.all;
    if (this.#labels === undefined || uplinks === undefined) return undefined;
    return routedPools(this.#ports.view, { labels: this.#labels }, uplinks);
  }

  /** Prefixes that are not announced, and why, in words. */
  get conflicts(): ReadonlyMap<IpAddress, string> {
    return this.#sessions.routes.conflicts;
  }

  /** A session that was ended is not one that is down. */
  conditions(): WantedCondition[] {
    if (this.#isStopped) return [nodeCondition('BgpSessionDown', [])];
    const down = this.sessions.flatMap((session) =>
      this.#complaints(session).map((text) => `${session.peer} (${session.neighbor}): ${text}`),
    );
    const unheard = this.#listeners?.problems ?? [];
    return [nodeCondition('BgpSessionDown', [...unheard, ...down.sort()])];
  }

  /** Each router and what stands with it; none once this node has said good-bye. */
  told(): ToldSession[] {
    if (this.#isStopped) return [];
    return this.sessions.map((session) => ({
      peer: session.peer.slice(session.peer.lastIndexOf('/') + 1),
      neighbor: session.neighbor,
      prefixes: session.state === 'Established' ? session.toldPrefixes : undefined,
      why: this.#complaints(session).join('; '),
      since: formatTimestamp(session.sinceMs),
    }));
  }

  #complaints(session: BgpRouting['sessions'][number]): string[] {
    return complaintsOf(session, this.#signed.has(session.peer));
  }

  /** What `mlb status` shows. */
  status(): object {
    return {
      sessions: this.sessions,
      conflicts: Object.fromEntries(this.conflicts),
    };
  }

  /** @returns whether there was anything to look at */
  #setPeers(node: Pick<Node, 'labels' | 'internalIps'> | undefined): boolean {
    const { api } = this.#ports.view.metallb.bgp;
    const facts = node && JSON.stringify([node.labels, node.internalIps]);
    const basis = [api.peers, facts, this.#surroundingsVersion];
    if (basis.every((one, index) => one === this.#basis[index])) return false;
    this.#basis = basis;
    const peers = node === undefined ? [] : peersOfNode(api, node);
    this.#peerNames = peers.map(({ metadata }) => metadata.name).sort();
    this.#routers.setInterfaces(new Set(peers.flatMap(interfaceOf)));
    const wishes = peers.map((peer) => this.#wishOf(peer, node?.internalIps ?? []));
    this.#sessions.setPeers(wishes.map(({ config }) => config));
    this.#listeners?.setPeers(wishes.flatMap(listenedPeer));
    const paths = wishes.flatMap(({ bfd }) => bfd ?? []);
    this.#signed = new Set(paths.flatMap(({ bgpPeer, key }) => (key === undefined ? [] : bgpPeer)));
    this.#bfd.setSessions(paths);
    const wanted = wishes.flatMap(({ config }) =>
      'problem' in config.wanted ? [] : config.wanted,
    );
    this.#uplinks.setRouters(wanted.map(({ setup }) => setup));
    this.#labels = node?.labels ?? {};
    this.#ports.onServed();
    this.#ports.onConditions();
    return true;
  }

  #wishOf(peer: BgpPeer, internalIps: readonly IpAddress[]): PeerWish {
    const { forwardsOn, bgpListenPort: listenPort, view } = this.#ports;
    const routerAt = (name: string) => this.#routers.at(name);
    const node = { name: this.#nodeName, internalIps, routerAt, listenPort, forwardsOn };
    const { bfdProfile } = peer.spec;
    const profile = bfdProfile === undefined ? undefined : view.metallb.bgp.profile(bfdProfile);
    return peerWish(peer, setUpPeer(peer, node), {
      found: this.#passwords.of(peer),
      bfd: profile && { profile, found: this.#passwords.ofBfd(profile) },
    });
  }

  #newListeners(): BgpListeners {
    const { clock, random, log, onConditions, bgpListenPort } = this.#ports;
    const listeners = new BgpListeners(bgpListenPort, {
      ...{ clock, random },
      onConnection: (socket, from, interfaceName) => {
        this.#sessions.accept(socket, from, interfaceName);
      },
      onStranger: (from) => this.#refused.add(from),
      onProblem: () => {
        for (const problem of listeners.problems)
          log.error('no connections of routers', { problem });
        onConditions();
      },
    });
    return listeners;
  }

  #setPath(peer: string, report: BfdReport): void {
    this.#ports.log.info('path to a BGP peer', { peer, bfd: report.standing, why: report.why });
    this.#sessions.setPath(peer, report);
    this.#ports.onConditions();
  }

  #tell(services: Iterable<string>): void {
    for (const service of services) this.#statuses.serviceChanged(service);
    this.#statuses.start();
  }

  /** Its IPs, but those that routers are told nothing of as advertisements contradict each other. */
  #announcedOf(service: string) {
    return [...this.#routes.ofService(service)].filter(([ip]) => !this.conflicts.has(ip));
  }

  #peersOf(service: string): string[] {
    const advertisements = this.#announcedOf(service).flatMap(([, each]) => each);
    return this.#peerNames.filter((name) =>
      advertisements.some(({ peers }) => peers?.has(name) ?? true),
    );
  }
}

/** Where whoever is at it is the router. */
function interfaceOf({ spec: { neighbor } }: BgpPeer): string[] {
  return 'interface' in neighbor ? [neighbor.interface] : [];
}
