import type { WantedBfdSession } from '../bfd/messages.ts';
import type { BfdPath } from '../bfd/path.ts';
import type { BfdReceiver, BfdReceiverOptions } from '../linux/bfd-socket.ts';
import type { TtlRule } from '../linux/ttl-filter.ts';
import { familyOf } from '../net/ip.ts';
import { BFD_PORT } from '../packet/bfd.ts';

/** RFC 5881 §5: nobody but a neighbour can have sent it. */
const NEIGHBOUR_RULE: TtlRule = { source: undefined, minimumTtl: 255 };

export interface ReceiversPorts {
  /** @throws what the kernel refuses */
  readonly open: (options: BfdReceiverOptions) => BfdReceiver;
  readonly onPacket: (bytes: Uint8Array, from: BfdPath) => void;
}

/** The sockets that packets of all sessions come in by: sessions of one kind on one interface share one. */
export class Receivers {
  readonly #ports: ReceiversPorts;
  readonly #open = new Map<string, BfdReceiver>();
  readonly #problems = new Map<string, string>();

  constructor(ports: ReceiversPorts) {
    this.#ports = ports;
  }

  /** Opens what is missing for these sessions, and closes what none of them needs. */
  serve(sessions: readonly WantedBfdSession[]): void {
    const groups = new Map<string, WantedBfdSession[]>();
    for (const session of sessions) {
      const key = keyOf(session);
      groups.set(key, [...(groups.get(key) ?? []), session]);
    }
    for (const key of [...this.#open.keys(), ...this.#problems.keys()]) {
      if (!groups.has(key)) this.#close(key);
    }
    for (const [key, group] of groups) this.#serveGroup(key, group);
  }

  /** Why nothing can come in for this session. */
  problemOf(session: WantedBfdSession): string | undefined {
    return this.#problems.get(keyOf(session));
  }

  /** The interface may have become another one by the same name: the next `serve` opens anew. */
  leave(session: WantedBfdSession): void {
    this.#close(keyOf(session));
  }

  #serveGroup(key: string, group: readonly WantedBfdSession[]): void {
    const [first] = group;
    if (first === undefined) return;
    const { isMultihop } = first;
    const rules = isMultihop
      ? group.map(({ peer, minimumTtl }) => ({ source: peer, minimumTtl }))
      : [NEIGHBOUR_RULE];
    try {
      const receiver = this.#open.get(key) ?? this.#opened(key, first);
      receiver.accept(rules);
      this.#problems.delete(key);
    } catch (error) {
      this.#close(key);
      this.#problems.set(key, error instanceof Error ? error.message : String(error));
    }
  }

  #opened(key: string, { peer, isMultihop, interface: name }: WantedBfdSession): BfdReceiver {
    const receiver = this.#ports.open({
      family: familyOf(peer),
      port: isMultihop ? BFD_PORT.multihop : BFD_PORT.singleHop,
      interface: name,
      onPacket: (bytes, source) =>
        this.#ports.onPacket(bytes, { peer: source, interface: name, isMultihop }),
      onError: (error) => {
        this.#close(key);
        this.#problems.set(key, String(error));
      },
    });
    this.#open.set(key, receiver);
    return receiver;
  }

  #close(key: string): void {
    this.#open.get(key)?.close();
    this.#open.delete(key);
    this.#problems.delete(key);
  }
}

function keyOf({ peer, isMultihop, interface: name }: WantedBfdSession): string {
  return [familyOf(peer), isMultihop ? 'multihop' : 'neighbour', name ?? ''].join(' ');
}
