import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type BgpListenerOptions,
  type BgpPeerAddress,
  connectBgp,
  listenForBgp,
  md5Signature,
} from '../../modules/metallb/src/linux/bgp-socket.ts';
import { ip } from '../support/addresses.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('a key is the address of the peer, its length and its bytes, as struct tcp_md5sig has them', () => {
  const bytes = md5Signature(ip('10.9.0.254'), 'secret');
  assert.is(bytes.length, 216);
  assert.is(hex(bytes.subarray(0, 8)), '020000000a0900fe');
  assert.is(hex(bytes.subarray(128, 144)), `00000600000000007365637265740000`);
  const ipv6 = md5Signature(ip('fe80::1'), '');
  assert.is(hex(ipv6.subarray(0, 28)), `0a00000000000000fe80${'00'.repeat(13)}0100000000`);
  assert.is(hex(ipv6.subarray(128, 136)), '0'.repeat(16));
});

test('a password that the kernel has no room for is refused in words, by bytes and not by characters', () => {
  assert.is(md5Signature(ip('10.9.0.254'), 'x'.repeat(80)).length, 216);
  assert.throws(
    () => md5Signature(ip('10.9.0.254'), 'ä'.repeat(41)),
    'a TCP MD5 password of 82 bytes; the kernel takes 80',
  );
});

for (const loopback of ['127.0.0.1', '::1']) {
  test(`a connection over ${loopback} with GTSM, bound to its interface, is Node's own`, async () => {
    let accepted: Socket | undefined;
    const listener = await listenForBgp({
      ...{
        family: loopback === '::1' ? 'IPv6' : 'IPv4',
        port: 0,
        peers: [to(loopback, 0)],
        onStranger: () => assert.unreachable(),
        onError: () => assert.unreachable(),
      },
      onConnection: (socket, from) => {
        assert.is(from, loopback);
        accepted = socket;
        socket.end('hello');
      },
    });
    const socket = connectBgp(to(loopback, listener.port));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.is(bytes.toString(), 'hello');
    socket.destroy();
    accepted?.destroy();
    listener.close();
  });
}

test('whoever is no peer gets no connection, and whoever is no longer one neither', async () => {
  const told: string[] = [];
  const listener = await listenForBgp({
    ...{ family: 'IPv4', port: 0, peers: [] },
    onConnection: (socket, from) => {
      told.push(`peer ${from}`);
      socket.destroy();
    },
    onStranger: (from) => void told.push(`stranger ${from}`),
    onError: () => assert.unreachable(),
  });
  const connect = async () => {
    const socket = connectBgp(to('127.0.0.1', listener.port))
      .resume()
      .on('error', () => undefined);
    await once(socket, 'close');
  };
  await connect();
  listener.setPeers([to('127.0.0.1', 0)]);
  await connect();
  listener.setPeers([to('127.0.0.2', 0), to('::1', 0)]);
  await connect();
  assert.equal(told, ['stranger 127.0.0.1', 'peer 127.0.0.1', 'stranger 127.0.0.1']);
  listener.close();
});

test('with a password, and with GTSM, nobody without gets as far as a connection', async () => {
  let accepted = 0;
  const listener = await listenForBgp({
    ...{ family: 'IPv4', port: 0, peers: [{ ...to('127.0.0.1', 0), password: 'secret' }] },
    onConnection: (socket) => {
      accepted += 1;
      socket.destroy();
    },
    onStranger: () => assert.unreachable(),
    onError: () => assert.unreachable(),
  });
  const isAnswered = async (changes: Partial<BgpPeerAddress>) => {
    const socket = connectBgp({ ...to('127.0.0.1', listener.port), ...changes });
    socket.on('error', () => undefined);
    const answer = once(socket, 'connect').then(() => true);
    const isAccepted = await Promise.race([answer, silence()]);
    socket.destroy();
    return isAccepted;
  };
  const far = { hops: { most: 64, isSecured: false } };
  assert.is(await isAnswered({ password: 'guess' }), false);
  assert.is(await isAnswered({}), false);
  assert.is(await isAnswered({ password: 'secret', ...far }), false, 'a TTL of 64');
  assert.is(await isAnswered({ password: 'secret' }), true);
  listener.setPeers([{ ...to('127.0.0.1', 0), ...far }]);
  assert.is(await isAnswered(far), true, 'neither is asked for any more');
  listener.setPeers([{ ...to('127.0.0.1', 0), ...far, password: 'secret' }]);
  assert.is(await isAnswered(far), false);
  listener.setPeers([]);
  listener.setPeers([{ ...to('127.0.0.1', 0), ...far }]);
  assert.is(await isAnswered(far), true, 'the password went with the peer');
  await until(() => accepted === 3);
  listener.close();
});

test('a port that another socket listens on is an error', async () => {
  const options: BgpListenerOptions = {
    ...{ family: 'IPv4', port: 0, peers: [], onConnection: () => undefined },
    ...{ onStranger: () => undefined, onError: () => undefined },
  };
  const { port, close } = await listenForBgp(options);
  let message = '';
  await listenForBgp({ ...options, port }).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /^bind to 0\.0\.0\.0 port \d+: EADDRINUSE$/);
  close();
});

/** Longer than a connection over the loopback interface takes. */
async function silence(): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return false;
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve));
}

test('an interface that is not there is an error of the call, and leaves no descriptor', () => {
  const missing = { ...to('127.0.0.1', 179), interface: 'nothing0' };
  assert.throws(() => connectBgp(missing), /bindToDevice: ENODEV/);
});

function to(address: string, port: number): BgpPeerAddress {
  return {
    ...{ address: ip(address), port, source: ip(address), interface: 'lo', password: undefined },
    hops: { most: 1, isSecured: true },
  };
}

test.run();
