import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { serveNames } from './dns.ts';
import { serve } from './serve.ts';

/**
 * What a pod listens on, IPv4 and IPv6: HTTP that tells its name and the client's address, TCP echo, UDP echo, DNS over
 * both.
 */
const HTTP_PORT = 80;
const ECHO_PORT = 7;

const name = process.argv[2] ?? 'pod';

const http = createHttpServer((request, response) => {
  response.end(`${name} ${request.socket.remoteAddress?.replace('::ffff:', '')}\n`);
});
http.listen(HTTP_PORT, '::');

const tcp = createTcpServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
tcp.listen(ECHO_PORT, '::');

for (const type of ['udp4', 'udp6'] as const) {
  const udp = createSocket({ type, ipv6Only: type === 'udp6' });
  udp.on('message', (message, sender) => udp.send(message, sender.port, sender.address));
  udp.bind(ECHO_PORT);
}

serveNames();

serve(() => name);
