import { readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { runCommand } from '../../modules/metallb/src/cli/run-command.ts';
import type { Clock } from '../../modules/metallb/src/time/clock.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';

/** What a run of `mlb` leaves. */
export interface PlayedCommand {
  readonly code: number;
  readonly printed: string;
  readonly complaints: readonly string[];
}

/** Runs `mlb` with these arguments, without colours, in this process. @param input what is piped in */
export async function playCommand(
  args: readonly string[],
  input = '',
  clock: Clock = systemClock,
): Promise<PlayedCommand> {
  let printed = '';
  const complaints: string[] = [];
  const code = await runCommand(readCommand(args, {}), {
    clock,
    paint: (_, text) => text,
    print: (text) => {
      printed += `${text}\n`;
    },
    complain: (text) => complaints.push(text),
    untilStopped: () => new AbortController().signal,
    readInput: async () => input,
  });
  return { code, printed, complaints };
}
