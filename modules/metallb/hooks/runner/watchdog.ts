import { Script } from 'node:vm';

const CALL = '__callWithinTime';

/**
 * Calls `work`, and ends it where it takes longer. No operator bounds its hooks, a hung one would block its queue for
 * ever, and a timer would not fire while code runs: V8 itself ends the script that calls it.
 *
 * @throws Error with code ERR_SCRIPT_EXECUTION_TIMEOUT
 */
export function withinTime(limitMs: number, work: () => void): void {
  Object.defineProperty(globalThis, CALL, { value: work, configurable: true });
  try {
    new Script(`${CALL}()`).runInThisContext({ timeout: limitMs, displayErrors: false });
  } finally {
    Reflect.deleteProperty(globalThis, CALL);
  }
}
