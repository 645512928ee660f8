import { type HeartbeatKey, type HeartbeatKeys, heartbeatKey } from '../packet/heartbeat.ts';
import type { Clock } from '../time/clock.ts';
import { readHeartbeatKeys } from './heartbeat-keys.ts';

/** A kubelet replaces the file by a link that leads elsewhere; to whoever looks that is a change like others. */
const LOOK_EVERY_MS = 1_000;

/** What becomes of a changed file. */
export interface KeyFilePorts {
  readonly clock: Clock;
  readonly onKeys: (keys: HeartbeatKeys) => void;
  /** Once for each new trouble: the keys of before stay in force. */
  readonly onError: (error: Error) => void;
}

/** @throws UsageError */
export function readKeyFile(path: string): HeartbeatKeys {
  const [first, ...others] = readHeartbeatKeys(path);
  return [heartbeatKey(first), ...others.map(heartbeatKey)];
}

/** Looks from now on whether the file of heartbeat keys has changed. @param known what it held last */
export function watchKeyFile(
  path: string,
  known: readonly HeartbeatKey[],
  ports: KeyFilePorts,
): void {
  let last = idsOf(known);
  let trouble = '';
  const look = () => {
    try {
      const keys = readKeyFile(path);
      trouble = '';
      if (idsOf(keys) !== last) ports.onKeys(keys);
      last = idsOf(keys);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.message !== trouble) ports.onError(error);
      trouble = error.message;
    }
    ports.clock.after(LOOK_EVERY_MS, look);
  };
  ports.clock.after(LOOK_EVERY_MS, look);
}

function idsOf(keys: readonly HeartbeatKey[]): string {
  return keys.map(({ id }) => id).join(' ');
}
