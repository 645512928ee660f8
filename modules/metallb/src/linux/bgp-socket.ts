import { createServer, Socket } from 'node:net';
import { familyOf, type IpAddress, type IpFamily, isLinkLocal, parseIp } from '../net/ip.ts';
import { KernelSocket, KernelSocketError, setSocketOption, sockaddr } from './kernel-socket.ts';

/** How a peer is reached, and how packets of others are told from its own. */
export interface BgpPeerAddress {
  readonly address: IpAddress;
  readonly port: number;
  /** undefined: the kernel chooses. */
  readonly source: IpAddress | undefined;
  /** The connection leaves by this interface and no other; a link-local address needs it. */
  readonly interface: string | undefined;
  /** TCP MD5 of RFC 2385. */
  readonly password: string | undefined;
  readonly hops: PeerHops;
}

/**
 * How many hops away the peer may be: by what is sent (RFC 4271 §5.1.3's one hop of external peers; undefined leaves the
 * kernel's), and with `isSecured` by what comes in too, as GTSM of RFC 5082 has it.
 */
export interface PeerHops {
  readonly most: number | undefined;
  readonly isSecured: boolean;
}

const HOPS = {
  IPv4: { sent: 'ipTtl', least: 'ipMinimumTtl' },
  IPv6: { sent: 'ipv6UnicastHops', least: 'ipv6MinimumHops' },
} as const;
const MOST_HOPS = 255;
const ANY: Readonly<Record<IpFamily, string>> = { IPv4: '0.0.0.0', IPv6: '::' };

/** `struct tcp_md5sig`. */
const MD5_BYTES = 216;
const MD5_KEY_LENGTH_OFFSET = 130;
const MD5_KEY_OFFSET = 136;
/** What the kernel has room for. */
export const MAX_MD5_KEY_BYTES = 80;

/**
 * A connection to a peer that is on its way. Options come first, then Node takes the descriptor: it has no way to them.
 * @throws KernelSocketError where the kernel refuses an option, as for an interface that is gone
 */
export function connectBgp(peer: BgpPeerAddress): Socket {
  const { address, port, source, interface: name } = peer;
  const family = familyOf(address);
  const fd = optioned(family, (kernel) => {
    if (name !== undefined) kernel.set('bindToDevice', Buffer.from(`${name}\0`));
    setHops(kernel.fd, family, peer.hops);
    if (peer.password !== undefined) setPassword(kernel.fd, address, peer.password);
  });
  return new Socket({ fd }).connect({
    ...{ host: `${address}${scopeOf(address, name)}`, port, noDelay: true },
    ...(source === undefined ? {} : { localAddress: `${source}${scopeOf(source, name)}` }),
  });
}

/** Who may connect to a listener, and how its packets are told from those of others. */
export type ListenedPeer = Pick<BgpPeerAddress, 'address' | 'password' | 'hops'>;

/** Where peers connect to. */
export interface BgpListener {
  /** From now on nobody else gets a connection. Of two with one address the first counts. */
  setPeers(peers: readonly ListenedPeer[]): void;
  /** The port it got, where 0 was asked for. */
  readonly port: number;
  /** Idempotent; connections that stand stay. */
  close(): void;
}

export interface BgpListenerOptions {
  readonly family: IpFamily;
  readonly port: number;
  /** Those of another family are passed over. */
  readonly peers: readonly ListenedPeer[];
  /** @param interfaceName of a link-local address */
  readonly onConnection: (
    socket: Socket,
    from: IpAddress,
    interfaceName: string | undefined,
  ) => void;
  /** Who is nobody's peer has connected, and is told nothing. */
  readonly onStranger: (from: IpAddress) => void;
  /** Also where the kernel refuses what one of the peers needs, which then gets no connection. */
  readonly onError: (error: unknown) => void;
}

/** @throws KernelSocketError where the port is taken or may not be used */
export async function listenForBgp(options: BgpListenerOptions): Promise<BgpListener> {
  const { family, port, onConnection, onStranger, onError } = options;
  let peers: ReadonlyMap<IpAddress, ListenedPeer> = new Map();
  const fd = optioned(family, (kernel) => {
    kernel.set('reuseAddress', 1);
    if (family === 'IPv6') kernel.set('ipv6Only', 1);
    // A peer with GTSM would drop the answer to its first segment else.
    kernel.set(HOPS[family].sent, MOST_HOPS);
    // Before anybody can connect.
    peers = admit(kernel.fd, options, peers);
    kernel.bind({ ip: anyOf(family), port });
  });
  const server = createServer({ noDelay: true }, (socket) => {
    const from = withoutScope(socket.remoteAddress);
    if (from !== undefined && peers.has(from)) {
      onConnection(socket, from, socket.remoteAddress?.split('%')[1]);
      return;
    }
    socket.on('error', () => undefined).destroy();
    if (from !== undefined) onStranger(from);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd }, () => {
      server.off('error', reject).on('error', onError);
      const bound = server.address();
      resolve({
        setPeers: (wanted) => {
          if (server.listening) peers = admit(fd, { ...options, peers: wanted }, peers);
        },
        port: typeof bound === 'object' && bound !== null ? bound.port : port,
        close: () => void server.close(),
      });
    });
  });
}

/**
 * Passwords by address. GTSM as far as all of them have it: for more, the kernel wants a right of whoever asks (it takes no
 * filter for TCP from others), and an accepted connection has its peer's own. @returns those that may connect
 */
function admit(
  descriptor: number,
  { family, peers, onError }: Pick<BgpListenerOptions, 'family' | 'peers' | 'onError'>,
  before: ReadonlyMap<IpAddress, ListenedPeer>,
): ReadonlyMap<IpAddress, ListenedPeer> {
  const admitted = new Map<IpAddress, ListenedPeer>();
  for (const peer of peers) {
    const { address, password } = peer;
    if (familyOf(address) !== family || admitted.has(address)) continue;
    try {
      if (before.get(address)?.password !== password) setPassword(descriptor, address, password);
      admitted.set(address, peer);
    } catch (error) {
      onError(error);
    }
  }
  for (const [address, { password }] of before) {
    const isOver = password !== undefined && !admitted.has(address);
    if (isOver) setPassword(descriptor, address, undefined);
  }
  const least = [...admitted.values()].map(({ hops }) => (hops.isSecured ? leastTtl(hops) : 0));
  setSocketOption(descriptor, HOPS[family].least, Math.min(...(least.length > 0 ? least : [0])));
  return admitted;
}

/** The same for a connection that a peer has opened, before anything is said on it. */
export function secureAccepted(socket: Socket, family: IpFamily, hops: PeerHops): void {
  const descriptor = descriptorOf(socket);
  if (descriptor !== undefined) setHops(descriptor, family, hops);
}

/** Another password for a connection that stands, without a break where the peer changes it, too. */
export function rekey(socket: Socket, peer: IpAddress, password: string | undefined): void {
  const descriptor = descriptorOf(socket);
  if (descriptor !== undefined) setPassword(descriptor, peer, password);
}

/** Of a socket without its interface: the local address and the peer's. */
export function withoutScope(text: string | undefined): IpAddress | undefined {
  return text === undefined ? undefined : parseIp(text.replace(/%.*/, ''));
}

/** @throws KernelSocketError; an empty password takes an earlier one away, and is no error where there was none */
function setPassword(descriptor: number, peer: IpAddress, password: string | undefined): void {
  try {
    setSocketOption(descriptor, 'tcpMd5', md5Signature(peer, password ?? ''));
  } catch (error) {
    if (password === undefined && error instanceof KernelSocketError && error.code === 'ENOENT')
      return;
    throw error;
  }
}

/** `struct tcp_md5sig`: the address of the peer, and its key. */
export function md5Signature(peer: IpAddress, password: string): Uint8Array {
  const key = Buffer.from(password, 'utf8');
  if (key.length > MAX_MD5_KEY_BYTES) {
    throw new RangeError(
      `a TCP MD5 password of ${key.length} bytes; the kernel takes ${MAX_MD5_KEY_BYTES}`,
    );
  }
  const bytes = new Uint8Array(MD5_BYTES);
  bytes.set(sockaddr({ ip: peer, port: 0 }));
  bytes.set(new Uint8Array(Uint16Array.of(key.length).buffer), MD5_KEY_LENGTH_OFFSET);
  bytes.set(key, MD5_KEY_OFFSET);
  return bytes;
}

function setHops(descriptor: number, family: IpFamily, hops: PeerHops): void {
  const { most, isSecured } = hops;
  const { sent, least } = HOPS[family];
  if (isSecured) {
    setSocketOption(descriptor, sent, MOST_HOPS);
    setSocketOption(descriptor, least, leastTtl(hops));
  } else if (most !== undefined) setSocketOption(descriptor, sent, most);
}

/** What is left of the TTL of a packet from as far away as the peer may be. */
function leastTtl({ most }: PeerHops): number {
  return MOST_HOPS + 1 - (most ?? 1);
}

/** Node tells it of connections that stand, in a field that it does not promise; no other way leads to it. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const descriptor: unknown = Reflect.get(handle, 'fd');
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}

/** A socket of which Node knows nothing yet; closed when an option of it is refused. */
function optioned(family: IpFamily, set: (kernel: KernelSocket) => void): number {
  const kernel = new KernelSocket('stream', family);
  try {
    set(kernel);
  } catch (error) {
    kernel.close();
    throw error;
  }
  return kernel.fd;
}

function anyOf(family: IpFamily): IpAddress {
  const any = parseIp(ANY[family]);
  if (any === undefined) throw new Error(`no address of ${family}`);
  return any;
}

function scopeOf(address: IpAddress, name: string | undefined): string {
  return name !== undefined && isLinkLocal(address) ? `%${name}` : '';
}
