import * as assert from 'uvu/assert';
import type { Lab } from '../../lab/lab.ts';
import type { Measurement } from '../../lab/scenario.ts';
import type { ProbeReport } from '../../lab/traffic.ts';
import { type IpOutcome, type Observation, observe } from '../../lab/trial.ts';

/** 200 a second, the rate of the promise. */
const PROBE_MS = 5;
const ENOUGH_PROBES = 1_000;

type Lost = Pick<ProbeReport, 'ip' | 'sent' | 'lost'>;

export interface Load {
  readonly observation: Observation;
  /** Of the client that knows all MACs; with those of the forgetful one; TCP connections that do not echo any more. */
  readonly end: () => Promise<{
    readonly outcomes: readonly IpOutcome[];
    readonly all: readonly Lost[];
    readonly tcpBroken: number;
  }>;
}

/** Requests to every IP from a client that knows all MACs and from one that forgets them, and connections that stand. */
export async function putUnderLoad(lab: Lab): Promise<Load> {
  const observation = await observe(lab, { intervalMs: PROBE_MS });
  const ips = observation.before.map((one) => one.ip);
  const held = await lab.hold(ips);
  const coldReports = await probeForgetting(lab, ips);
  return {
    observation,
    end: async () => {
      const { broken } = await held.echoing();
      const cold = await coldReports();
      const { outcomes } = await observation.end();
      return { outcomes, all: [...outcomes, ...cold], tcpBroken: broken };
    },
  };
}

/** Ends the load. @throws unless no packet was lost, no IP moved and no connection broke */
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
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  assert.ok(sent >= ENOUGH_PROBES, `${sent} probes`);
  for (const one of all) assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
  return sent;
}

/** Probes from a client that comes for the first time again and again. @returns how to end it and see what was lost */
async function probeForgetting(
  lab: Lab,
  ips: readonly string[],
): Promise<() => Promise<readonly Lost[]>> {
  const probe = await lab.probe(ips, 'client2', { intervalMs: PROBE_MS, forgets: true });
  await probe.flowing();
  await probe.reset();
  return async () => {
    const reports = await probe.report();
    return reports.map((one) => ({ ...one, ip: `${one.ip} from a forgetful client` }));
  };
}
