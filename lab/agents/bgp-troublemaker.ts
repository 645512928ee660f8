import { randomBytes } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { parseIp } from '../../modules/metallb/src/net/ip.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { describeNotification } from '../../modules/metallb/src/packet/bgp-error.ts';
import {
  BGP_MESSAGE,
  BgpFramer,
  decodeNotification,
  encodeBgpMessage,
  encodeKeepalive,
} from '../../modules/metallb/src/packet/bgp-message.ts';
import { encodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { encodePrefix } from '../../modules/metallb/src/packet/bgp-prefix.ts';
import { encodeAnnouncements } from '../../modules/metallb/src/packet/bgp-update-encode.ts';
import type { Trouble, TroubleLook } from '../bgp-troublemaker.ts';
import { serve } from './serve.ts';

/** A router that does what no router should. */
const { values } = parseArgs({
  options: { trouble: { type: 'string' }, asn: { type: 'string' }, id: { type: 'string' } },
});
const LORIS_MS = 300;
const routerId = parseIp(values.id ?? '');
if (routerId === undefined) throw new Error('no router ID');
const OPEN = encodeOpen({
  ...{ asn: Number(values.asn), holdSeconds: 9, routerId },
  capabilities: { ...NO_CAPABILITIES, families: ['IPv4'], fourOctetAsn: Number(values.asn) },
});
const seen: TroubleLook = { connections: 0, heard: [] };
let routes = 0;

/** UPDATEs of many routes, for as long as the other end takes them. */
function flood(socket: Socket): void {
  const write = () => {
    let goesOn = true;
    while (goesOn && !socket.destroyed) goesOn = socket.write(nextUpdate());
  };
  socket.on('drain', write);
  write();
}

function nextUpdate(count = 500): Uint8Array {
  const prefixes = Array.from({ length: count }, () => {
    routes += 1;
    const network = BigInt(0x0b00_0000 + (routes % 0x0100_0000));
    return encodePrefix({ family: 'IPv4', network, prefixLength: 32 });
  });
  const path = {
    ...{ asPath: [Number(values.asn)], localPref: undefined, med: undefined },
    ...{ communities: [], largeCommunities: [], extendedCommunities: [] },
  };
  if (routerId === undefined) throw new Error('no router ID');
  const encoding = { fourOctetAsn: true, maxLength: 4_096 };
  const nextHop = { global: routerId };
  return encodeAnnouncements({ ...path, nextHop }, 'IPv4', prefixes, encoding)[0] ?? OPEN;
}

async function slowly(socket: Socket, bytes: Uint8Array, pauseMs: number): Promise<void> {
  for (const byte of bytes) {
    if (socket.destroyed) return;
    socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

const keepAlive = (socket: Socket) => setInterval(() => socket.write(encodeKeepalive()), 1_000);

const TROUBLE: Readonly<Record<Trouble, (socket: Socket) => void>> = {
  'random-bytes': (socket) => {
    socket.write(randomBytes(4_096));
  },
  'a-byte-a-segment': (socket) => {
    // A byte takes a millisecond, on a busy machine five: the whole message has to fit into the hold time.
    const session = [OPEN, encodeKeepalive(), nextUpdate(100), encodeKeepalive()];
    void slowly(socket, Buffer.concat(session), 0).then(() => keepAlive(socket));
  },
  'slow-loris': (socket) => void slowly(socket, OPEN, LORIS_MS),
  oversize: (socket) => {
    socket.write(Buffer.concat([OPEN, encodeKeepalive()]));
    socket.write(encodeBgpMessage(BGP_MESSAGE.update, new Uint8Array(5_000)));
  },
  silent: () => {},
  deaf: (socket) => {
    socket.write(Buffer.concat([OPEN, encodeKeepalive()]));
    keepAlive(socket);
    // Its window closes once the buffers are full.
    socket.pause();
  },
  flood: (socket) => {
    socket.write(Buffer.concat([OPEN, encodeKeepalive()]));
    keepAlive(socket);
    flood(socket);
  },
};

const server = createServer({ noDelay: true }, (socket) => {
  seen.connections += 1;
  socket.on('error', () => socket.destroy());
  const framer = new BgpFramer();
  socket.on('data', (bytes) => {
    for (const { type, body } of framer.messages(bytes)) {
      if (type !== BGP_MESSAGE.notification) continue;
      seen.heard.push(describeNotification(decodeNotification(body)));
    }
  });
  TROUBLE[values.trouble as Trouble](socket);
});
server.listen(179, () => serve(() => ({ ...seen, routes })));
