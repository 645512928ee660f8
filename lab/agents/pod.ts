import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { serveNames } from './dns.ts';
import { serve } from './serve.ts';

/**
 * What a pod listens on, IPv4 and IPv6: HTTP that tells its name and the client's address, UDP echo, DNS over both.
 */
const PORT = 80;
/** As those have it that don't run as root. */
const SECOND_PORT = 8080;

/** As a demo of others has it: the same as JSON. */
const JSON_PORT = 8081;

const name = process.argv[2] ?? 'pod';

const address = (text: string | undefined) => text?.replace('::ffff:', '');

createServer(({ socket }, response) => {
  const [pod_ip, client_ip] = [socket.localAddress, socket.remoteAddress].map(address);
  response.end(JSON.stringify({ pod_name: name, pod_ip, host_name: hostname(), client_ip }));
}).listen(JSON_PORT, '::');

for (const port of [PORT, SECOND_PORT]) {
  const http = createServer((request, response) => {
    response.end(`${name} ${address(request.socket.remoteAddress)}\n`);
  });
  // A connection that stands breaks only when the network breaks it.
  http.keepAliveTimeout = 0;
  http.listen(port, '::');
}

for (const type of ['udp4', 'udp6'] as const) {
  const udp = createSocket({ type, ipv6Only: type === 'udp6' });
  udp.on('message', (message, sender) => udp.send(message, sender.port, sender.address));
  udp.bind(PORT);
}

serveNames();

serve(() => name);
