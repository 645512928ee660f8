import { delay, until } from './exec.ts';
import type { Fault } from './faults.ts';
import { type Assignment, assignments } from './health.ts';
import type { Lab } from './lab.ts';
import type { AnswerReport, AnswerWatch } from './prober.ts';
import type { ProbeOptions, ProbeReport, TrafficProbe } from './traffic.ts';

const WARM_UP_MS = 200;
const AFTERMATH_MS = 300;

/** What happened to one IP while something was done to the lab. */
export interface IpOutcome extends Assignment {
  /** Probes of a client that knew the MAC. */
  readonly sent: number;
  readonly lost: number;
  /** Among the lost ones: their connection stood before it broke. */
  readonly cut: number;
  readonly darkMs: number;
  /** The longest time in which nobody answered ARP or NDP for it. */
  readonly unansweredMs: number;
  /** Who answered, in order. */
  readonly macs: readonly string[];
}

/** A client's traffic and a stream of questions to all assigned IPs, from before an event until after it. */
export class Observation {
  readonly before: readonly Assignment[];
  readonly watch: AnswerWatch;
  readonly probe: TrafficProbe;

  constructor(before: readonly Assignment[], watch: AnswerWatch, probe: TrafficProbe) {
    this.before = before;
    this.watch = watch;
    this.probe = probe;
  }

  /** Waits until another node answers for each IP of `node`, then until the client's traffic flows. */
  async movedFrom(lab: Lab, node: string, deadlineMs = 5_000): Promise<void> {
    const mac = lab.macOf(node);
    const moving = this.before.filter((one) => one.preferredNode === node).map((one) => one.ip);
    let waiting: readonly string[] = moving;
    const what = () => `another node than ${node} for ${waiting.join(' ')}`;
    await until({ what, deadlineMs, everyMs: 20 }, async () => {
      const answers = await this.watch.answers();
      waiting = moving.filter((ip) => !answers.some((one) => one.ip === ip && one.mac !== mac));
      return waiting.length === 0;
    });
    await this.probe.flowing();
  }

  /** Looks on for a moment, then ends it. */
  async end(): Promise<{ outcomes: IpOutcome[]; answers: AnswerReport }> {
    await delay(AFTERMATH_MS);
    const answers = await this.watch.stop();
    const reports = await this.probe.report();
    this.probe.stop();
    return { outcomes: this.before.map((one) => outcomeOf(one, answers, reports)), answers };
  }
}

/** Starts observing every assigned IP, by default from the client and finely enough to time a failover. */
export async function observe(
  lab: Lab,
  { host = 'client', ...options }: ProbeOptions & { readonly host?: string } = {},
): Promise<Observation> {
  const before = await assignments(lab);
  const ips = before.map((one) => one.ip);
  const probe = await lab.probe(ips, host, options);
  await probe.flowing();
  await delay(WARM_UP_MS);
  await probe.reset();
  return new Observation(before, await lab.prober.watch(ips), probe);
}

function outcomeOf(
  before: Assignment,
  answers: AnswerReport,
  reports: readonly ProbeReport[],
): IpOutcome {
  const report = reports.find((one) => one.ip === before.ip);
  if (report === undefined) throw new Error(`no probes to ${before.ip}`);
  const { sent, lost, cut, darkMs } = report;
  const macs = answers.macsInOrder(before.ip);
  return {
    ...before,
    sent,
    lost,
    cut,
    darkMs,
    unansweredMs: answers.unansweredMs(before.ip),
    macs,
  };
}

/** Lets a fault happen to a node and watches until others have taken its IPs. The fault stays. */
export async function playFault(
  lab: Lab,
  fault: Fault,
  node: string,
  options: ProbeOptions = {},
): Promise<IpOutcome[]> {
  const observation = await observe(lab, options);
  await delay(WARM_UP_MS);
  await fault.strike(lab, node);
  await observation.movedFrom(lab, node);
  return (await observation.end()).outcomes;
}
