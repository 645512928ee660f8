import type { KubernetesObject } from '../../src/api/object.ts';
import { valueAt } from './json.ts';

/** The heartbeat keys of an installation, as its chart renders them into a Secret. */
export interface HeartbeatKeys {
  /** In base64, the newest first. */
  readonly keys: readonly string[];
  /** Up to which rotation the settings were followed. */
  readonly rotation: number;
}

/** As many as speakers take: with three of before, keys may rotate three times while a node is off. */
const MOST_KEYS = 4;
/** An annotation of the Secret. */
export const ROTATION = 'metallb.deckhouse.io/heartbeat-rotation';

/** What the Secret of the chart holds; no keys where there is none. */
export function heldKeys(secret: KubernetesObject | undefined): HeartbeatKeys {
  const data = valueAt(secret, 'data', 'keys');
  const text = typeof data === 'string' ? Buffer.from(data, 'base64').toString() : '';
  const rotation = secret?.metadata.annotations?.[ROTATION] ?? '';
  return {
    keys: text.split(/\s+/).filter((key) => key !== ''),
    rotation: /^\d{1,10}$/.test(rotation) ? Number(rotation) : 0,
  };
}

/** As templates/_heartbeat-keys.tpl does it: with a new key where there is none or another rotation is wanted. */
export function rotatedKeys(
  held: HeartbeatKeys,
  wantedRotation: number,
  newKey: () => string,
): HeartbeatKeys {
  if (held.keys.length > 0 && wantedRotation <= held.rotation) return held;
  return { keys: [newKey(), ...held.keys].slice(0, MOST_KEYS), rotation: wantedRotation };
}
