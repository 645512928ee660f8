import { existsSync, readFileSync, statSync } from 'node:fs';
import type { KubernetesObject } from '../api/object.ts';
import { heartbeatKey } from '../packet/heartbeat.ts';
import { readHeartbeatKeys } from '../settings/heartbeat-keys.ts';
import { UsageError } from '../settings/settings.ts';
import type { Clock } from '../time/clock.ts';
import { fetchObjects } from './cluster-objects.ts';
import { fetchSnapshot } from './cluster-snapshot.ts';
import type { Command, PlanSource } from './command-line.ts';
import { convertSource, formatObjects, listOf, remarksOn } from './convert.ts';
import { findCheckout, playDemo } from './demo.ts';
import { formatRecords, recordsOf } from './dns-records.ts';
import { examine, formatChecks } from './doctor.ts';
import { readDump, type SourceText } from './dumped-objects.ts';
import { CommandFailure } from './failure.ts';
import { isMalformed, layersOf } from './frame-layers.ts';
import { readFrames } from './hex-input.ts';
import { formatFrames } from './layers-text.ts';
import { guardLoops } from './loop-guard.ts';
import type { Paint } from './paint.ts';
import { planChange } from './plan.ts';
import { movesSomething } from './plan-report.ts';
import { formatPlan } from './plan-text.ts';
import { PLANNED_KINDS } from './planned-kinds.ts';
import { purge } from './purge.ts';
import { formatPurge } from './purge-text.ts';
import { findServices } from './service-lookup.ts';
import { readSources } from './source-files.ts';
import { reportStatus } from './status-report.ts';
import { formatStatus } from './status-text.ts';

/** What a command works with. */
export interface CommandPorts {
  readonly clock: Clock;
  readonly paint: Paint;
  readonly print: (text: string) => void;
  /** Beside the answer, which others read. */
  readonly complain: (text: string) => void;
  /** Everything that is typed or piped in. */
  readonly readInput: () => Promise<string>;
  /** As of LoopGuardPorts. */
  readonly untilStopped: () => AbortSignal;
}

type Of<Verb extends Command['verb']> = Extract<Command, { readonly verb: Verb }>;

/**
 * Does what was asked. @returns the exit code
 * @throws CommandFailure when it can't
 */
export async function runCommand(command: Command, ports: CommandPorts): Promise<number> {
  switch (command.verb) {
    case 'help':
      ports.print(command.text);
      return 0;
    case 'demo':
      return playDemo(findCheckout(import.meta.dirname));
    case 'status':
      return status(command, ports);
    case 'dns':
      return dns(command, ports);
    case 'plan':
      return plan(command, ports);
    case 'convert':
      return convert(command, ports);
    case 'doctor':
      return doctor(command, ports);
    case 'loop-guard':
      await guardLoops(command, ports);
      return 0;
    case 'purge':
      return purgeCluster(command, ports);
    case 'decode':
      return decode(command, ports);
  }
}

async function status(command: Of<'status'>, ports: CommandPorts): Promise<number> {
  const report = reportStatus(await fetchSnapshot(command.store, ports.clock), command.subject);
  const style = { paint: ports.paint, nowEpochMs: ports.clock.epochMs() };
  ports.print(command.output === 'json' ? asJson(report) : formatStatus(report, style).join('\n'));
  return 0;
}

async function dns(command: Of<'dns'>, ports: CommandPorts): Promise<number> {
  const snapshot = await fetchSnapshot(command.store, ports.clock);
  const [served, another] = findServices(snapshot, command.service);
  if (served === undefined) throw new CommandFailure(`there is no Service ${command.service}`);
  if (another !== undefined) {
    throw new UsageError(
      `there is more than one Service ${command.service}: ${served.key}, ${another.key}`,
    );
  }
  const records = recordsOf(served, command);
  ports.print(command.output === 'json' ? asJson(records) : formatRecords(records).join('\n'));
  return 0;
}

/** Exit code of a plan by which somebody loses an IP, or is answered by another node. */
const EXIT_MOVES = 2;

async function plan(command: Of<'plan'>, ports: CommandPorts): Promise<number> {
  const { source, files, deleted, excluded, drained, failed, metallb, output } = command;
  const texts = await Promise.all(files.map((file) => sourcesOf(file, ports)));
  const report = await planChange({
    objects: await plannedObjects(source, ports.clock),
    change: { files: texts.flat(), deleted, excluded, drained },
    failed,
    mode: source.kind === 'store' && source.store.kind === 'manifests' ? 'replace' : 'apply',
    nowEpochMs: ports.clock.epochMs(),
    metallb,
  });
  ports.print(output === 'json' ? asJson(report) : formatPlan(report, ports.paint).join('\n'));
  return movesSomething(report) ? EXIT_MOVES : 0;
}

async function sourcesOf(file: string, ports: CommandPorts): Promise<SourceText[]> {
  return file === '-' ? [{ name: 'stdin', text: await ports.readInput() }] : readSources(file);
}

async function sourceOf(file: string, ports: CommandPorts): Promise<SourceText> {
  const [source, another] = await sourcesOf(file, ports);
  if (source !== undefined && another === undefined) return source;
  throw new CommandFailure(
    `${file} is a directory: expected one file, or - for the standard input`,
  );
}

async function plannedObjects(
  source: PlanSource,
  clock: Clock,
): Promise<readonly KubernetesObject[]> {
  if (source.kind === 'dump') return readDump(readSources(source.path));
  const { objects, problems } = await fetchObjects(source.store, PLANNED_KINDS, clock);
  const [problem] = problems;
  // The controller goes on with what the file said before: a plan would be for another cluster.
  if (problem !== undefined) throw new CommandFailure(`${problem}; mend that first`);
  return objects;
}

/** Exit code of a conversion that had to leave something out. */
const EXIT_PARTLY = 2;

async function convert(command: Of<'convert'>, ports: CommandPorts): Promise<number> {
  const { input, output, onlyData, namespace } = command;
  const source = await sourceOf(input, ports);
  const conversion = convertSource(source, { onlyData, namespace });
  const { objects } = conversion;
  ports.print(output === 'json' ? asJson(listOf(objects)) : formatObjects(objects, source.name));
  for (const line of remarksOn(conversion)) ports.complain(line);
  return conversion.problems.length > 0 ? EXIT_PARTLY : 0;
}

async function doctor(command: Of<'doctor'>, ports: CommandPorts): Promise<number> {
  const checks = await examine(command, ports.clock);
  const asText = () => formatChecks(checks, ports.paint).join('\n');
  ports.print(command.output === 'json' ? asJson({ checks }) : asText());
  return checks.some(({ verdict }) => verdict === 'wrong') ? 1 : 0;
}

async function purgeCluster(command: Of<'purge'>, ports: CommandPorts): Promise<number> {
  // The client is most of what the command loads, and few others need it.
  const { withCluster } = await import('./purge-cluster.ts');
  const { clock, paint } = ports;
  const report = await withCluster(clock, (cluster) => purge(command, cluster, clock));
  ports.print(command.output === 'json' ? asJson(report) : formatPurge(report, paint).join('\n'));
  return report.leaving.length > 0 && report.written ? 1 : 0;
}

async function decode(command: Of<'decode'>, ports: CommandPorts): Promise<number> {
  const { input, heartbeatKeyFile, output } = command;
  const keys = heartbeatKeyFile === undefined ? [] : readHeartbeatKeys(heartbeatKeyFile);
  const text = input === '-' ? await ports.readInput() : textOf(input);
  const frames = readFrames(text).map((bytes) => layersOf(bytes, keys.map(heartbeatKey)));
  ports.print(output === 'json' ? asJson(frames) : formatFrames(frames, ports.paint).join('\n'));
  return frames.some(isMalformed) ? 1 : 0;
}

/** Of the file with that name, or else what was typed. */
function textOf(input: string): string {
  if (!existsSync(input) || !statSync(input).isFile()) return input;
  try {
    return readFileSync(input, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`can't read the frame: ${reason}`, { cause: error });
  }
}

function asJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
