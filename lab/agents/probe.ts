import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import { parseArgs } from 'node:util';
import { ANSWER_WITHIN_MS, ProbeTally } from './probe-tally.ts';
import { serve } from './serve.ts';

/**
 * Sends a numbered UDP packet to every target every few milliseconds, or an HTTP request over a connection of its own, and
 * keeps which were answered.
 */
const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    port: { type: 'string', default: '80' },
    http: { type: 'boolean', default: false },
    interval: { type: 'string', default: '2' },
    forget: { type: 'boolean', default: false },
  },
});
const FORGET_EVERY_MS = 50;

const port = Number(values.port);
const tallies = values.target.map((ip) => new ProbeTally(ip, !values.http));
const probes = tallies.map(values.http ? requests : packets);
let forgotAt = performance.now();
setInterval(() => {
  if (values.forget) forget();
  for (const probe of probes) probe();
}, Number(values.interval));

function packets(tally: ProbeTally): () => void {
  const socket = createSocket(tally.ip.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message) => tally.ended(message.readUInt32BE(0), 'answered'));
  // Network unreachable and the like: a lost probe.
  socket.on('error', () => {});
  return () => {
    const message = Buffer.alloc(4);
    message.writeUInt32BE(tally.begin());
    socket.send(message, port, tally.ip, () => {});
  };
}

function requests(tally: ProbeTally): () => void {
  return () => {
    const number = tally.begin();
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const request = get({ host: tally.ip, port, agent: false, signal }, (response) => {
      response.resume();
      response.on('end', () => {
        tally.ended(number, response.statusCode === 200 ? 'answered' : 'failed');
      });
    });
    request.on('socket', (socket) => socket.on('connect', () => tally.opened(number)));
    request.on('error', () => tally.ended(number, 'failed'));
  };
}

/**
 * Makes this host forget its neighbours, as if a client came for the first time. Only while no packet is under way: a
 * kernel drops what waits with an entry that is deleted, or is just being sent by it, which is no loss of the network.
 */
function forget(): void {
  if (performance.now() - forgotAt < FORGET_EVERY_MS || tallies.some(({ waits }) => waits)) return;
  forgotAt = performance.now();
  spawnSync('ip', ['neigh', 'flush', 'dev', 'eth0']);
}

serve((request) => {
  if (request === 'reset') for (const tally of tallies) tally.reset();
  return tallies.map((tally) => tally.report());
});
