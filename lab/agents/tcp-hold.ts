import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { serve } from './serve.ts';

/** Holds HTTP connections open, asks for a page over each now and then, and counts those that break. */
const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    port: { type: 'string', default: '80' },
    connections: { type: 'string', default: '100' },
  },
});
const ASKS_EVERY_MS = 500;
const REQUEST = 'GET / HTTP/1.1\r\nHost: held\r\n\r\n';
const total = Number(values.connections);
const count = { open: 0, broken: 0 };
/** When each connection that stands was last answered. */
const answeredAt = new Map<Socket, number>();

for (let index = 0; index < total; index += 1) {
  const host = values.target[index % values.target.length] ?? '';
  const socket = connect({ host, port: Number(values.port), noDelay: true });
  let writer: NodeJS.Timeout | undefined;
  socket.on('connect', () => {
    count.open += 1;
    answeredAt.set(socket, performance.now());
    writer = setInterval(() => socket.write(REQUEST), ASKS_EVERY_MS);
  });
  socket.on('data', () => answeredAt.set(socket, performance.now()));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearInterval(writer);
    answeredAt.delete(socket);
    count.broken += 1;
  });
}

serve(() => {
  const now = performance.now();
  return {
    ...count,
    total,
    silentMs: Math.max(0, ...[...answeredAt.values()].map((at) => now - at)),
  };
});
