import { type GuardRule, guardRules, type RuleChange } from '../linux/loop-guard.ts';
import { type ServedPools, shownPools } from '../linux/served-pools.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';

/** What keeping a guard needs from outside. */
export interface GuardPorts {
  readonly clock: Clock;
  /** What the speaker of this host has told; undefined before it has. */
  readonly readServed: () => readonly ServedPools[] | undefined;
  /** Brings the kernel's rules level. */
  readonly setRules: (wanted: readonly GuardRule[]) => Promise<RuleChange>;
  readonly print: (line: string) => void;
}

const LOOK_MS = 1_000;
/** Somebody else may have removed rules, and nothing tells. */
const LEVEL_MS = 30_000;

/**
 * Guards what the speaker serves, as pools and interfaces come and go, until it is told to stop; nothing is guarded
 * afterwards. What fails is told once and tried again.
 * @throws what `setRules` throws for the last time
 */
export async function keepGuard(ports: GuardPorts, stop: AbortSignal): Promise<void> {
  const guard = new KeptGuard(ports);
  while (!stop.aborted) {
    await guard.look();
    await sleep(ports.clock, LOOK_MS, stop);
  }
  const { removed } = await ports.setRules([]);
  ports.print(`${removed} rules removed`);
}

class KeptGuard {
  readonly #ports: GuardPorts;
  /** What is in force, as text, unless the last attempt failed. */
  #guarded: string | undefined;
  #levelAt = 0;
  #failure = '';

  constructor(ports: GuardPorts) {
    this.#ports = ports;
  }

  async look(): Promise<void> {
    try {
      const served = this.#ports.readServed();
      if (served !== undefined) await this.#level(served);
      this.#failure = '';
    } catch (error) {
      this.#guarded = undefined;
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) this.#ports.print(`not guarded: ${failure}`);
      this.#failure = failure;
    }
  }

  async #level(served: readonly ServedPools[]): Promise<void> {
    const { clock, setRules, print } = this.#ports;
    const guarded = textOf(served);
    if (guarded === this.#guarded && clock.now() < this.#levelAt) return;
    const { added, removed } = await setRules(guardRules(served));
    this.#guarded = guarded;
    this.#levelAt = clock.now() + LEVEL_MS;
    if (added + removed > 0) {
      print(`${added} rules added, ${removed} removed; guarded: ${guarded || 'nothing'}`);
    }
  }
}

function textOf(served: readonly ServedPools[]): string {
  return shownPools(served)
    .map(({ interface: name, pools }) => `${name} ${pools.join(' ')}`)
    .join(', ');
}
