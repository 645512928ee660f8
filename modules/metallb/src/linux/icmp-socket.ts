import rawSocket from 'raw-socket';
import { type IpAddress, type IpFamily, parseIp } from '../net/ip.ts';
import { icmpMessageIn } from './icmp-message.ts';

/** ICMP of one family on one interface. */
export interface IcmpSocket {
  /** What the kernel refuses is lost, as on the wire, and told. */
  send(to: IpAddress, message: Uint8Array): void;
  /** Idempotent; nothing is told afterwards. */
  close(): void;
}

export interface IcmpSocketOptions {
  readonly interface: string;
  readonly family: IpFamily;
  /** Of what is sent; undefined: the kernel's. */
  readonly hopLimit?: number;
  /** Echo replies to anybody on this host. The bytes are overwritten by the next message. undefined: nothing is heard. */
  readonly onReply: ((source: IpAddress, message: Uint8Array) => void) | undefined;
  readonly onError: (error: unknown) => void;
}

/** An IPv4 header with all its options, and more than an echo of ours. */
const MESSAGE_BYTES = 256;
/** Whoever floods this host with replies fills no more than this. */
const RECEIVE_BYTES = 32_768;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const FAMILY = {
  IPv4: {
    ...{ addressFamily: 1, protocol: 1 },
    // raw(7): each bit that is set filters a type out.
    filter: { level: 255, option: 1, types: 32, passes: 0 },
    // IP_TTL and IP_MULTICAST_TTL.
    hopLimit: { level: 0, options: [2, 33] },
  },
  IPv6: {
    ...{ addressFamily: 2, protocol: 58 },
    // RFC 3542 §3.2; Linux sets bits for what it filters out here too.
    filter: { level: 58, option: 1, types: 256, passes: 129 },
    // IPV6_UNICAST_HOPS and IPV6_MULTICAST_HOPS.
    hopLimit: { level: 41, options: [16, 18] },
  },
} as const;

/** Needs the capability NET_RAW and no other. @throws when the interface is gone, or what the kernel says */
export function openIcmpSocket(options: IcmpSocketOptions): IcmpSocket {
  const { interface: name, family, onReply, onError } = options;
  const { addressFamily, protocol, filter, hopLimit } = FAMILY[family];
  const socket = rawSocket.createSocket({ addressFamily, protocol, bufferSize: MESSAGE_BYTES });
  let isOpen = true;
  const close = () => {
    if (isOpen) socket.close();
    isOpen = false;
  };
  socket.on('error', onError);
  socket.on('message', (bytes, source) => {
    const ip = parseIp(source);
    if (isOpen && ip !== undefined) onReply?.(ip, icmpMessageIn(family, bytes));
  });
  try {
    const device = Buffer.from(`${name}\0`);
    socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
    socket.setOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BYTES);
    const bits = filterBits(filter.types, onReply && filter.passes);
    socket.setOption(filter.level, filter.option, bits, bits.length);
    if (options.hopLimit !== undefined) {
      for (const option of hopLimit.options)
        socket.setOption(hopLimit.level, option, options.hopLimit);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    send(to, message) {
      // It would open another socket, bound to nothing.
      if (!isOpen) return;
      socket.send(Buffer.from(message), 0, message.length, to, (error) => {
        if (error !== null && isOpen) onError(error);
      });
    },
    close,
  };
}

/** One bit for each type, in words of this machine's byte order: all but one are filtered out, or all. */
function filterBits(types: number, passes: number | undefined): Buffer {
  const words = new Uint32Array(types / 32).fill(0xffff_ffff);
  if (passes === undefined) return Buffer.from(words.buffer);
  const word = passes >>> 5;
  words[word] = (words[word] ?? 0) & ~(1 << (passes & 31));
  return Buffer.from(words.buffer);
}
