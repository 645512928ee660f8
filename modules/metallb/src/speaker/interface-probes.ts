import type { Reach } from '../duty/duty.ts';
import type { Gateways } from '../linux/gateways.ts';
import type { IcmpSocket, IcmpSocketOptions } from '../linux/icmp-socket.ts';
import { familyOf, type IpFamily } from '../net/ip.ts';
import type { EchoOutcome } from '../reachability/echo-slot.ts';
import { worstReach } from '../reachability/reach.ts';
import { ReachProbe, type Target } from '../reachability/reach-probe.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { ReachabilityWish } from './reachability-wishes.ts';

/** What probes from an interface need from outside. */
export interface ProbePorts {
  readonly clock: Clock;
  readonly randomBytes: (length: number) => Uint8Array;
  /** @throws when the interface is gone, or what the kernel says */
  readonly openIcmp: (options: IcmpSocketOptions) => IcmpSocket;
  /** Runs once the messages that were queued before have been read: two event-loop turns. */
  readonly afterQueued: (run: () => void) => void;
  /** What the kernel said last. */
  readonly gateways: () => Gateways;
  /** A round is over. */
  readonly onRound: () => void;
  readonly onOutcome: (outcome: EchoOutcome) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Too few targets of a class answer. */
export interface Unreachable {
  readonly className: string;
  readonly silent: readonly Target[];
  readonly targets: number;
  readonly quorum: number;
}

interface RunningProbe {
  readonly wish: ReachabilityWish;
  readonly probe: ReachProbe;
  timer: Timer | undefined;
}

/** The probes of all classes that leave by one interface, over one ICMP socket a family. */
export class InterfaceProbes {
  readonly #interface: string;
  readonly #ports: ProbePorts;
  readonly #sockets = new Map<IpFamily, IcmpSocket>();
  readonly #probes = new Map<string, RunningProbe>();
  #lastFailure = '';
  #stopped = false;

  constructor(interfaceName: string, ports: ProbePorts) {
    this.#interface = interfaceName;
    this.#ports = ports;
  }

  /** A class whose wish is what it was goes on where it is. */
  setWishes(wishes: readonly ReachabilityWish[]): void {
    const wanted = new Map(wishes.map((wish) => [wish.className, wish]));
    for (const [className, { wish, timer }] of this.#probes) {
      if (isSameWish(wish, wanted.get(className))) continue;
      timer?.cancel();
      this.#probes.delete(className);
    }
    for (const wish of wishes) if (!this.#probes.has(wish.className)) this.#begin(wish);
  }

  /** For ever. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#probes.values()) timer?.cancel();
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  get reach(): Reach {
    return worstReach([...this.#probes.values()].map(({ probe }) => probe.reach));
  }

  /** Classes too few of whose targets answer. */
  get unreachable(): readonly Unreachable[] {
    return [...this.#probes.values()].flatMap(({ wish, probe }) => {
      const { targets, quorum } = wish.reachability;
      if (!probe.failed) return [];
      return [{ className: wish.className, silent: probe.silent, targets: targets.length, quorum }];
    });
  }

  #begin(wish: ReachabilityWish): void {
    const { quorum, failureThreshold, successThreshold } = wish.reachability;
    const thresholds = { failures: failureThreshold, successes: successThreshold };
    const { randomBytes, onOutcome } = this.#ports;
    const probe = new ReachProbe({ quorum, thresholds }, { randomBytes, onOutcome });
    const running: RunningProbe = { wish, probe, timer: undefined };
    this.#probes.set(wish.className, running);
    this.#round(running);
  }

  /** An answer that waits to be read, as this process was busy, is no late one. */
  #round(running: RunningProbe): void {
    const { clock, afterQueued } = this.#ports;
    const periodMs = running.wish.reachability.periodSeconds * 1_000;
    running.timer = clock.after(periodMs, () => this.#round(running));
    afterQueued(() => {
      if (this.#stopped || this.#probes.get(running.wish.className) !== running) return;
      const requests = running.probe.nextRound(this.#targetsOf(running.wish));
      for (const { to, message } of requests) this.#socket(familyOf(to))?.send(to, message);
      this.#ports.onRound();
    });
  }

  #targetsOf({ reachability, families }: ReachabilityWish): Target[] {
    return reachability.targets.map((target) => {
      if (target !== 'gateway') return { name: target, addresses: [target] };
      const gateways = this.#ports.gateways();
      const known = [...families].flatMap((family) => gateways[family].get(this.#interface) ?? []);
      return { name: target, addresses: known };
    });
  }

  /** Opened anew after every error: the interface may be another one of the same name. */
  #socket(family: IpFamily): IcmpSocket | undefined {
    const known = this.#sockets.get(family);
    if (known !== undefined) return known;
    try {
      const socket = this.#ports.openIcmp({
        interface: this.#interface,
        family,
        onReply: (source, message) => {
          for (const { probe } of this.#probes.values()) probe.receive(source, message);
        },
        onError: () => this.#drop(family),
      });
      this.#sockets.set(family, socket);
      this.#lastFailure = '';
      return socket;
    } catch (error) {
      this.#tellFailure(error);
      return undefined;
    }
  }

  /** Once for each reason, although it is tried in every round. */
  #tellFailure(error: unknown): void {
    const failure = String(error);
    if (failure !== this.#lastFailure) this.#ports.onFailure(error);
    this.#lastFailure = failure;
  }

  #drop(family: IpFamily): void {
    this.#sockets.get(family)?.close();
    this.#sockets.delete(family);
  }
}

function isSameWish(a: ReachabilityWish, b: ReachabilityWish | undefined): boolean {
  return (
    JSON.stringify([a.reachability, [...a.families]]) ===
    JSON.stringify([b?.reachability, [...(b?.families ?? [])]])
  );
}
