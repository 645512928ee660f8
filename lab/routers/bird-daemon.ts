import { join } from 'node:path';
import { run, tryRun } from '../exec.ts';
import { Daemon } from './daemon.ts';
import type { RouterPlace } from './router.ts';

/** BIRD 2. */
export function birdDaemon(place: RouterPlace): Daemon {
  const below = (file: string) => join(place.directory, file);
  const file = 'bird.conf';
  return new Daemon(place, {
    ...{ name: 'bird', file },
    command: ['bird', '-f', '-c', below(file), '-s', socketIn(place), '-P', below('bird.pid')],
    isReady: async () => {
      const { code, stdout } = await tryRun(command(place, 'show status'));
      return code === 0 && stdout.includes('Daemon is up and running');
    },
  });
}

/** What it prints. @throws CommandFailedError with its words where it does not do what it is told */
export function birdc(place: RouterPlace, text: string): Promise<string> {
  return run(command(place, text));
}

function command(place: RouterPlace, text: string): string[] {
  return ['birdc', '-s', socketIn(place), ...text.split(' ')];
}

function socketIn({ directory }: RouterPlace): string {
  return join(directory, 'bird.ctl');
}
