import { existsSync, readFileSync, statSync } from 'node:fs';
import { heartbeatKey } from '../packet/heartbeat.ts';
import { readHeartbeatKeys } from '../settings/heartbeat-keys.ts';
import type { StoreAddress } from '../settings/kinds.ts';
import { UsageError } from '../settings/settings.ts';
import type { Clock } from '../time/clock.ts';
import { type ClusterSnapshot, fetchSnapshot } from './cluster-snapshot.ts';
import type { Command } from './command-line.ts';
import { findCheckout, playDemo } from './demo.ts';
import { formatRecords, recordsOf } from './dns-records.ts';
import { CommandFailure } from './failure.ts';
import { isMalformed, layersOf } from './frame-layers.ts';
import { readFrames } from './hex-input.ts';
import { formatFrames } from './layers-text.ts';
import type { Paint } from './paint.ts';
import { findServices } from './service-lookup.ts';
import { reportStatus } from './status-report.ts';
import { formatStatus } from './status-text.ts';

/** What a command works with. */
export interface CommandPorts {
  readonly clock: Clock;
  readonly paint: Paint;
  readonly print: (text: string) => void;
  /** Everything that is typed or piped in. */
  readonly readInput: () => Promise<string>;
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
    case 'decode':
      return decode(command, ports);
  }
}

async function status(command: Of<'status'>, ports: CommandPorts): Promise<number> {
  const report = reportStatus(await snapshotOf(command.store, ports.clock), command.subject);
  const style = { paint: ports.paint, nowEpochMs: ports.clock.epochMs() };
  ports.print(command.output === 'json' ? asJson(report) : formatStatus(report, style).join('\n'));
  return 0;
}

async function dns(command: Of<'dns'>, ports: CommandPorts): Promise<number> {
  const snapshot = await snapshotOf(command.store, ports.clock);
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

function snapshotOf(store: StoreAddress, clock: Clock): Promise<ClusterSnapshot> {
  if (store.kind === 'manifests') return fetchSnapshot(store, clock);
  throw new UsageError('--store: this build does not read Kubernetes yet; use manifests:DIRECTORY');
}

function asJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
