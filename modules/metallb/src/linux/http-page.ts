import { type ClientRequest, get, type IncomingMessage } from 'node:http';

/** What a program of this node serves. */
export interface HttpPage {
  readonly status: number;
  readonly body: string;
}

export interface PageLimits {
  readonly withinMs: number;
  readonly maxBytes: number;
}

/**
 * GET, with no redirection followed. Not by `fetch`: of the compressed pages that its signal cuts off, some never end,
 * and neither does whoever reads them (Node 20).
 *
 * @throws Error in words when nobody answers, or not within these limits
 */
export async function httpPage(url: URL, { withinMs, maxBytes }: PageLimits): Promise<HttpPage> {
  const request = get(url, { agent: false });
  let underWay: ClientRequest | IncomingMessage = request;
  const timer = setTimeout(() => {
    underWay.destroy(new Error(`no answer within ${withinMs} ms`));
  }, withinMs);
  try {
    const response = await responseTo(request);
    underWay = response;
    return { status: response.statusCode ?? 0, body: await bodyOf(response, maxBytes) };
  } finally {
    clearTimeout(timer);
  }
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Stays: of a connection that breaks, the request has its say also after the answer has begun.
    request.on('response', resolve).on('error', (error: NodeJS.ErrnoException) => {
      // Where a name has several addresses, the message is in the errors of each.
      reject(error.message === '' ? new Error(error.code, { cause: error }) : error);
    });
  });
}

async function bodyOf(response: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > maxBytes) throw new RangeError(`its page is over ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
