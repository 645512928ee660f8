import type { ConnectedClient } from './api-client.ts';
import type { ApiRequest } from './api-request.ts';

/** A client whose writes under way can be given up all at once. */
export interface InterruptibleClient extends ConnectedClient {
  /** An API server that has a write in a queue still will not do it. Later writes are not concerned. */
  interruptWrites(): void;
}

/** The same client; its reads and streams go on whatever is interrupted. */
export function withInterruptibleWrites(client: ConnectedClient): InterruptibleClient {
  const underWay = new Set<AbortController>();
  const write = async (request: ApiRequest): Promise<unknown> => {
    const controller = new AbortController();
    underWay.add(controller);
    try {
      return await client.request({ ...request, signal: controller.signal });
    } finally {
      underWay.delete(controller);
    }
  };
  return {
    server: client.server,
    namespace: client.namespace,
    request: (request) => (request.method === 'GET' ? client.request(request) : write(request)),
    stream: (request, signal) => client.stream(request, signal),
    close: () => client.close(),
    interruptWrites: () => {
      for (const controller of underWay) controller.abort();
    },
  };
}
