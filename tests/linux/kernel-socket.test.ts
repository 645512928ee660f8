import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  KernelSocket,
  KernelSocketError,
  sockaddr,
} from '../../modules/metallb/src/linux/kernel-socket.ts';
import { bytes, ip } from '../support/addresses.ts';

test('addresses are written as the kernel reads them', () => {
  const family = (code: number) => Buffer.from(Uint16Array.of(code).buffer).toString('hex');
  const scope = Buffer.from(Uint32Array.of(7).buffer).toString('hex');
  assert.equal(
    sockaddr({ ip: ip('192.0.2.1'), port: 3784 }),
    bytes(`${family(2)} 0ec8 c0000201 0000000000000000`),
  );
  assert.equal(
    sockaddr({ ip: ip('fe80::1'), port: 179, scopeId: 7 }),
    bytes(`${family(10)} 00b3 00000000 fe800000000000000000000000000001 ${scope}`),
  );
});

test('what the kernel refuses is told by name', () => {
  const socket = new KernelSocket('datagram', 'IPv4');
  try {
    const refused = (error: unknown) =>
      error instanceof KernelSocketError && error.message === 'ipTtl: EINVAL';
    assert.throws(() => socket.set('ipTtl', 256), refused);
    socket.set('ipTtl', 255).filter([[0x06, 0, 0, 0]]);
    assert.throws(
      () =>
        socket.filter([
          [0x06, 0, 0, 0],
          [0xffff, 0, 0, 0],
        ]),
      /^filter: EINVAL|EINVAL/,
    );
  } finally {
    socket.close();
  }
});

test.run();
