import { createSocket, type Socket } from 'node:dgram';
import { type IpAddress, type IpFamily, isLinkLocal, parseIp } from '../net/ip.ts';
import { KernelSocket, KernelSocketError } from './kernel-socket.ts';
import { type TtlRule, ttlFilter } from './ttl-filter.ts';

/** Where control packets come in: one for each family, interface and kind of hops. */
export interface BfdReceiver {
  /** From whom packets are taken from now on, and how close they must be. @throws KernelSocketError */
  accept(rules: readonly TtlRule[]): void;
  /** Idempotent; nothing is told afterwards. */
  close(): void;
}

export interface BfdReceiverOptions {
  readonly family: IpFamily;
  readonly port: number;
  /** undefined: any */
  readonly interface: string | undefined;
  readonly onPacket: (bytes: Uint8Array, source: IpAddress) => void;
  readonly onError: (error: unknown) => void;
}

/** Where the packets of one session go out. */
export interface BfdSender {
  readonly sourcePort: number;
  /** What the kernel refuses is lost, as on the wire, and told. */
  send(bytes: Uint8Array): void;
  /** Idempotent. What was sent before is on its way. */
  close(): void;
}

export interface BfdSenderOptions {
  readonly peer: IpAddress;
  readonly port: number;
  readonly interface: string | undefined;
  /** undefined: as the kernel routes. */
  readonly local: IpAddress | undefined;
  /** Of the process before, with whose session this one goes on, if it is free. */
  readonly sourcePort?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
}

/** RFC 5881 §4: another for each session, and the same for as long as it lasts. */
const SOURCE_PORTS = { first: 49_152, count: 16_384 };
const ATTEMPTS = 20;
/** RFC 5881 §5 and RFC 5883 §5. */
const TTL = 255;
const ANY = { IPv4: '0.0.0.0', IPv6: '::' } as const;

/** Lets nothing in before `accept`. Needs no capability. @throws KernelSocketError */
export function openBfdReceiver(options: BfdReceiverOptions): BfdReceiver {
  const { family, port, interface: name, onPacket } = options;
  const kernel = kernelSocket(family, name);
  // One socket for an interface and one for all others may have the same port.
  kernel.set('reuseAddress', 1);
  // Before the address: what comes in between would have passed no filter.
  kernel.filter(ttlFilter(family, []));
  const socket = bound(kernel, { ip: anyOf(family), port }, options);
  let isOpen = true;
  socket.on('message', (bytes, { address }) => {
    const source = parseIp(address.replace(/%.*/, ''));
    if (isOpen && source !== undefined) onPacket(bytes, source);
  });
  return {
    accept: (rules) => {
      if (isOpen) kernel.filter(ttlFilter(family, rules));
    },
    close: () => {
      if (isOpen) socket.close();
      isOpen = false;
    },
  };
}

/** @throws KernelSocketError, when no source port is free as well */
export function openBfdSender(options: BfdSenderOptions): BfdSender {
  const { peer, port, interface: name, onError } = options;
  const { socket, port: sourcePort } = onFreePort(options);
  const to = isLinkLocal(peer) && name !== undefined ? `${peer}%${name}` : peer;
  let isOpen = true;
  return {
    sourcePort,
    send: (bytes) => {
      if (!isOpen) return;
      socket.send(bytes, port, to, (error) => {
        if (error !== null && isOpen) onError(error);
      });
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      // What has just been handed over is sent in this turn of the event loop.
      setImmediate(() => socket.close());
    },
  };
}

/** The event loop reads some datagrams of each socket a turn: after two turns, all that came before has been read. */
export function afterReading(run: () => void): void {
  setImmediate(() => setImmediate(run));
}

function onFreePort(options: BfdSenderOptions): { socket: Socket; port: number } {
  const family = options.peer.includes(':') ? 'IPv6' : 'IPv4';
  const ip = options.local ?? anyOf(family);
  for (let attempt = 1; ; attempt += 1) {
    const port = portFor(options, attempt);
    const kernel = kernelSocket(family, options.interface);
    try {
      kernel.set(family === 'IPv4' ? 'ipTtl' : 'ipv6UnicastHops', TTL);
      // Nobody answers to this port (RFC 5881 §4): what comes anyway would fill its buffer.
      kernel.filter(ttlFilter(family, []));
      return { socket: bound(kernel, { ip, port }, options), port };
    } catch (error) {
      const isTaken = error instanceof KernelSocketError && error.code === 'EADDRINUSE';
      if (!isTaken || attempt === ATTEMPTS) throw error;
    }
  }
}

function portFor({ sourcePort, random }: BfdSenderOptions, attempt: number): number {
  if (attempt === 1 && sourcePort !== undefined) return sourcePort;
  return SOURCE_PORTS.first + Math.floor(random() * SOURCE_PORTS.count);
}

function kernelSocket(family: IpFamily, interfaceName: string | undefined): KernelSocket {
  const kernel = new KernelSocket('datagram', family);
  try {
    if (family === 'IPv6') kernel.set('ipv6Only', 1);
    if (interfaceName !== undefined) {
      kernel.set('bindToDevice', Buffer.from(`${interfaceName}\0`));
    }
    return kernel;
  } catch (error) {
    kernel.close();
    throw error;
  }
}

/** As Node knows it. */
function bound(
  kernel: KernelSocket,
  address: { readonly ip: IpAddress; readonly port: number },
  { onError }: Pick<BfdReceiverOptions, 'onError'>,
): Socket {
  try {
    kernel.bind(address);
  } catch (error) {
    kernel.close();
    throw error;
  }
  const socket = createSocket(address.ip.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', onError);
  socket.bind({ fd: kernel.fd });
  return socket;
}

function anyOf(family: IpFamily): IpAddress {
  const ip = parseIp(ANY[family]);
  if (ip === undefined) throw new Error(`${ANY[family]} is no address`);
  return ip;
}
