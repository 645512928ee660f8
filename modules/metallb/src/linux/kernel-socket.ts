import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';
import { familyOf, type IpAddress, type IpFamily, ipToBytes } from '../net/ip.ts';

/** What the kernel has refused of a socket. */
export class KernelSocketError extends Error {
  override readonly name = 'KernelSocketError';
  /** As in errno(3), e.g. `EADDRINUSE`. */
  readonly code: string;

  constructor(what: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${what}: ${code}`);
    this.code = code;
  }
}

/** One instruction of classic BPF: code, jumps when true and when false, operand. */
export type BpfInstruction = readonly [code: number, jt: number, jf: number, k: number];

/** Levels and options of Linux on every architecture that Node runs on, but for MIPS and SPARC. */
export const SOCKET_OPTION = {
  bindToDevice: [1, 25],
  ipTtl: [0, 2],
  ipMinimumTtl: [0, 21],
  ipv6UnicastHops: [41, 16],
  ipv6Only: [41, 26],
  ipv6MinimumHops: [41, 73],
  reuseAddress: [1, 2],
  tcpMd5: [6, 14],
} as const satisfies Readonly<Record<string, readonly [level: number, option: number]>>;

const ADDRESS_FAMILY = { IPv4: 2, IPv6: 10 } as const;
const SOCKET_TYPE = { stream: 1, datagram: 2 } as const;
const CLOSE_ON_EXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const PROGRAM_BYTES = 16;

// Of this process itself, so that it does not matter by which name its libc goes.
const libc = koffi.load(null);
const program = koffi.struct('sock_fprog', { length: 'uint16_t', instructions: 'const void *' });
const openSocket = libc.func('int socket(int, int, int)');
const bindSocket = libc.func('int bind(int, const void *, uint32_t)');
const setOption = libc.func('int setsockopt(int, int, int, const void *, uint32_t)');
const attachProgram = libc.func('setsockopt', 'int', [
  ...['int', 'int', 'int'],
  koffi.pointer(program),
  'uint32_t',
]);
const closeSocket = libc.func('int close(int)');

/** Where a socket is bound to. */
export interface SocketAddress {
  readonly ip: IpAddress;
  readonly port: number;
  /** Index of the interface, of a link-local address. */
  readonly scopeId?: number;
}

/** A socket that Node does not know yet: it takes `fd` over when all is set that it has no word for. */
export class KernelSocket {
  readonly fd: number;

  /** @throws KernelSocketError */
  constructor(type: keyof typeof SOCKET_TYPE, family: IpFamily) {
    this.fd = openSocket(ADDRESS_FAMILY[family], SOCKET_TYPE[type] | CLOSE_ON_EXEC, 0);
    refuse('socket', this.fd);
  }

  /** @param value an integer, or the bytes of a structure  @throws KernelSocketError */
  set(option: keyof typeof SOCKET_OPTION, value: number | Uint8Array): this {
    setSocketOption(this.fd, option, value);
    return this;
  }

  /** Instead of the filter before it. @throws KernelSocketError */
  filter(instructions: readonly BpfInstruction[]): this {
    const bytes = new Uint8Array(instructions.length * 8);
    const view = new DataView(bytes.buffer);
    const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
    instructions.forEach(([code, jt, jf, k], index) => {
      view.setUint16(index * 8, code, isLittle);
      bytes.set([jt, jf], index * 8 + 2);
      view.setUint32(index * 8 + 4, k, isLittle);
    });
    const wanted = { length: instructions.length, instructions: bytes };
    const answer = attachProgram(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, wanted, PROGRAM_BYTES);
    refuse('filter', answer);
    return this;
  }

  /** @throws KernelSocketError */
  bind(address: SocketAddress): this {
    const bytes = sockaddr(address);
    const what = `bind to ${address.ip} port ${address.port}`;
    refuse(what, bindSocket(this.fd, bytes, bytes.length));
    return this;
  }

  /** Only while Node has not taken it over. */
  close(): void {
    closeSocket(this.fd);
  }
}

/** Of a socket that Node has already. @throws KernelSocketError */
export function setSocketOption(
  fd: number,
  option: keyof typeof SOCKET_OPTION,
  value: number | Uint8Array,
): void {
  const [level, name] = SOCKET_OPTION[option];
  const bytes = typeof value === 'number' ? new Uint8Array(Int32Array.of(value).buffer) : value;
  refuse(option, setOption(fd, level, name, bytes, bytes.length));
}

/** struct sockaddr_in and sockaddr_in6 of Linux: the family in this machine's byte order, the rest but the scope in the network's. */
export function sockaddr({ ip, port, scopeId = 0 }: SocketAddress): Uint8Array {
  const family = familyOf(ip);
  const bytes = new Uint8Array(family === 'IPv4' ? 16 : 28);
  bytes.set(new Uint8Array(Uint16Array.of(ADDRESS_FAMILY[family]).buffer));
  bytes.set([port >>> 8, port & 0xff], 2);
  bytes.set(ipToBytes(ip), family === 'IPv4' ? 4 : 8);
  if (family === 'IPv6') bytes.set(new Uint8Array(Uint32Array.of(scopeId).buffer), 24);
  return bytes;
}

function refuse(what: string, answer: number): void {
  if (answer < 0) throw new KernelSocketError(what, koffi.errno());
}
