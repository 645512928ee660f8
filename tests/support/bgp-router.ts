import type { Socket } from 'node:net';
import {
  type BgpListener,
  type ListenedPeer,
  listenForBgp,
} from '../../modules/metallb/src/linux/bgp-socket.ts';
import {
  type BgpCapabilities,
  NO_CAPABILITIES,
} from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { describeNotification } from '../../modules/metallb/src/packet/bgp-error.ts';
import {
  BGP_MESSAGE,
  BgpFramer,
  decodeNotification,
  encodeKeepalive,
} from '../../modules/metallb/src/packet/bgp-message.ts';
import { decodeOpen, encodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { decodeUpdate } from '../../modules/metallb/src/packet/bgp-update-decode.ts';
import { ip } from './addresses.ts';

const ROUTER_ASN = 64_501;
const CAPABILITIES: BgpCapabilities = {
  ...NO_CAPABILITIES,
  families: ['IPv4'],
  fourOctetAsn: ROUTER_ASN,
};

const LOOPBACK: ListenedPeer = {
  ...{ address: ip('127.0.0.1'), password: undefined },
  hops: { most: undefined, isSecured: false },
};

/** Takes every session on the loopback interface, and writes down what it is told. */
export class BgpRouter {
  static readonly asn = ROUTER_ASN;
  /** In words, in order. */
  readonly heard: string[] = [];
  routes = 0;
  /** The last UPDATE, in hexadecimal digits. */
  lastUpdate = '';
  #listener: BgpListener | undefined;
  readonly #sockets = new Set<Socket>();

  async start(): Promise<this> {
    this.#listener = await listenForBgp({
      ...{ family: 'IPv4', port: 0, peers: [LOOPBACK] },
      onConnection: (socket) => this.#take(socket),
      onStranger: (from) => void this.heard.push(`stranger ${from}`),
      onError: (error) => {
        throw error;
      },
    });
    return this;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  setPassword(password: string): void {
    this.#listener?.setPeers([{ ...LOOPBACK, password }]);
  }

  /** From now on it takes nothing in. */
  deafen(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  stop(): void {
    this.#listener?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: Socket): void {
    const framer = new BgpFramer();
    this.#sockets.add(socket);
    this.heard.push('connection');
    socket
      .on('data', (bytes) => {
        for (const { type, body } of framer.messages(bytes)) this.#hear(socket, type, body);
      })
      .on('error', (error) => this.heard.push(error.message))
      .on('close', () => this.#sockets.delete(socket));
  }

  #hear(socket: Socket, type: number, body: Uint8Array): void {
    if (type === BGP_MESSAGE.open) this.#answer(socket, body);
    if (type === BGP_MESSAGE.update) this.#learn(body);
    if (type === BGP_MESSAGE.notification) {
      this.heard.push(describeNotification(decodeNotification(body)));
    }
  }

  #answer(socket: Socket, body: Uint8Array): void {
    const { asn, holdSeconds } = decodeOpen(body);
    this.routes = 0;
    this.heard.push(`OPEN of AS ${asn}, hold time ${holdSeconds} s`);
    const [routerId, capabilities] = [ip('192.0.2.254'), CAPABILITIES];
    socket.write(encodeOpen({ asn: ROUTER_ASN, holdSeconds: 90, routerId, capabilities }));
    socket.write(encodeKeepalive());
  }

  #learn(body: Uint8Array): void {
    const { announced, withdrawn, endOfRib } = decodeUpdate(body, {
      ...{ fourOctetAsn: true, isExternal: true },
    });
    this.routes += announced - withdrawn;
    if (endOfRib !== undefined) this.heard.push(`End-of-RIB after ${this.routes}`);
    else this.lastUpdate = Buffer.from(body).toString('hex');
  }
}
