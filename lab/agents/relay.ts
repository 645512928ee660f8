import { connect, createServer } from 'node:net';
import { serve } from './serve.ts';

/**
 * Leads a Unix socket to a TCP port of this network namespace: files are the same in all namespaces, so the lab reaches
 * the API server inside without an interface of its own.
 */
const [socketPath = '', host = '', port = ''] = process.argv.slice(2);

const relay = createServer((outside) => {
  const inside = connect(Number(port), host);
  outside.pipe(inside).pipe(outside);
  outside.on('error', () => inside.destroy());
  inside.on('error', () => outside.destroy());
});

relay.listen(socketPath, () => serve(() => undefined));
