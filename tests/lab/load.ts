import * as assert from 'uvu/assert';
import type { Lab } from '../../lab/lab.ts';
import type { Measurement } from '../../lab/scenario.ts';
import type { ProbeOptions, ProbeReport } from '../../lab/traffic.ts';
import { type IpOutcome, type Observation, observe } from '../../lab/trial.ts';

/** 200 packets a second, or 50 requests. */
const PROBE_MS = { packets: 5, requests: 20 };
const ENOUGH_PROBES = 1_000;
/** For as long as that many packets take. */
const ENOUGH_REQUESTS = 250;
/** Of a client, for an IP: it was on its way through the node that the IP has left. */
const CUT_AT_MOST = 1;

type Lost = Pick<ProbeReport, 'ip' | 'sent' | 'lost' | 'cut'>;

export interface Load {
  readonly observation: Observation;
  /** Of the client that knows all MACs; with those of the forgetful one; TCP connections that are broken. */
  readonly end: () => Promise<{
    readonly outcomes: readonly IpOutcome[];
    readonly all: readonly Lost[];
    readonly tcpBroken: number;
  }>;
}

/**
 * Probes of every IP from a client that knows all MACs and from one that forgets them, and connections that stand.
 * @param httpPort of requests, a connection each; UDP packets without it
 */
export async function putUnderLoad(lab: Lab, httpPort?: number): Promise<Load> {
  const intervalMs = PROBE_MS[httpPort === undefined ? 'packets' : 'requests'];
  const probes = { httpPort, intervalMs };
  const observation = await observe(lab, probes);
  const ips = observation.before.map((one) => one.ip);
  const held = await lab.hold(ips, { httpPort });
  const coldReports = await probeForgetting(lab, ips, probes);
  return {
    observation,
    end: async () => {
      const { broken } = await held.answering();
      const cold = await coldReports();
      const { outcomes } = await observation.end();
      return { outcomes, all: [...outcomes, ...cold], tcpBroken: broken };
    },
  };
}

/** Ends the load. @throws unless no packet or request was lost, no IP moved and no connection broke */
export async function stayedPut(lab: Lab, load: Load): Promise<Measurement> {
  const { outcomes, all, tcpBroken } = await load.end();
  const sent = nothingLostOf(all);
  for (const one of outcomes) {
    assert.equal(one.macs, [lab.macOf(one.preferredNode)], `MACs told for ${one.ip}`);
    assert.ok(one.unansweredMs < 500, `${one.ip} unanswered for ${one.unansweredMs} ms`);
  }
  assert.is(tcpBroken, 0, 'TCP connections broken');
  const samples = outcomes.map((one) => one.unansweredMs);
  return { unit: 'ms', samples, counts: { sent, tcpBroken } };
}

/** @returns how many probes there were @throws when one was lost */
export function nothingLostOf(all: readonly Lost[]): number {
  for (const one of all) assert.is(one.lost, 0, lossesOf(one));
  return sentOf(all, ENOUGH_PROBES);
}

/**
 * For IPs that move: whoever asks finds somebody at all times; connections through the old node break.
 * @throws when a connection was not opened, or more broke than were on their way
 */
export function nothingLostButCut(all: readonly Lost[]): void {
  for (const one of all) {
    assert.is(one.lost - one.cut, 0, lossesOf(one));
    assert.ok(one.cut <= CUT_AT_MOST, lossesOf(one));
  }
  sentOf(all, ENOUGH_REQUESTS);
}

function lossesOf({ ip, sent, lost, cut }: Lost): string {
  return `${ip} lost ${lost} of ${sent}, ${cut} of them after they were connected`;
}

function sentOf(all: readonly Lost[], enough: number): number {
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  assert.ok(sent >= enough, `${sent} probes`);
  return sent;
}

/** Probes from a client that comes for the first time again and again. @returns how to end it and see what was lost */
async function probeForgetting(
  lab: Lab,
  ips: readonly string[],
  probes: ProbeOptions,
): Promise<() => Promise<readonly Lost[]>> {
  const probe = await lab.probe(ips, 'client2', { ...probes, forgets: true });
  await probe.flowing();
  await probe.reset();
  return async () => {
    const reports = await probe.report();
    return reports.map((one) => ({ ...one, ip: `${one.ip} from a forgetful client` }));
  };
}
