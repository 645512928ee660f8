import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const PORT = 53;
const HEADER_BYTES = 12;
/** RFC 1035 §4.2.2: before each message over TCP, its length. */
const LENGTH_BYTES = 2;
/** What every name leads to. */
const ADDRESS = [192, 0, 2, 10];

/** A name server over UDP and TCP, IPv4 and IPv6: it answers every question with one A record. */
export function serveNames(): void {
  for (const type of ['udp4', 'udp6'] as const) {
    const udp = createSocket({ type, ipv6Only: type === 'udp6' });
    udp.on('message', (query, sender) => {
      const answer = answerTo(query);
      if (answer !== undefined) udp.send(answer, sender.port, sender.address);
    });
    udp.bind(PORT);
  }
  const tcp = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= LENGTH_BYTES) {
        const end = LENGTH_BYTES + received.readUInt16BE(0);
        if (received.length < end) return;
        const answer = answerTo(received.subarray(LENGTH_BYTES, end));
        received = received.subarray(end);
        if (answer !== undefined) socket.write(withLength(answer));
      }
    });
  });
  tcp.listen(PORT, '::');
}

function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** RFC 1035 §4.1: the question comes back with one answer; additional records of the query don't. */
function answerTo(query: Buffer): Buffer | undefined {
  const end = endOfQuestion(query);
  if (end === undefined) return undefined;
  const header = Buffer.from(query.subarray(0, HEADER_BYTES));
  header.writeUInt16BE(0x8400 | (query.readUInt16BE(2) & 0x0100), 2); // a response, authoritative
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(1, 6);
  header.writeUInt32BE(0, 8);
  // The name as a pointer to the question, type A, class IN, 60 s, four bytes.
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ADDRESS]);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, end), record]);
}

/** @returns undefined where there is no whole question */
function endOfQuestion(query: Buffer): number | undefined {
  let at = HEADER_BYTES;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63) return undefined;
    at += 1 + length;
  }
  const end = at + 5; // the root label, type and class
  return end <= query.length ? end : undefined;
}
