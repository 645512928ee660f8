import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UsageError } from './settings.ts';

const MIN_KEY_BYTES = 16;
const MAX_KEYS = 4;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

type Keys = readonly [Uint8Array, ...Uint8Array[]];

/** The secrets of a heartbeat key file. @throws UsageError that names the line, never what stands in it */
export function readHeartbeatKeys(path: string): Keys {
  return parseHeartbeatKeys(readText(path), path);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`can't read the heartbeat keys: ${reason}`, { cause: error });
  }
}

/**
 * At most four keys, one in base64 a line, the newest first, empty lines apart.
 * @param path names the file in errors
 * @throws UsageError that names the line, never what stands in it
 */
export function parseHeartbeatKeys(text: string, path: string): Keys {
  const lines = text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), where: `line ${index + 1} of ${path}` }))
    .filter((line) => line.text !== '')
    .map((line) => ({ key: decodeKey(line.text, line.where), where: line.where }));
  const [first, ...more] = lines.map(({ key }) => key);
  if (first === undefined) throw new UsageError(`${path} holds no heartbeat key`);
  refuseTooMany(lines.length, path);
  refuseRepeated(lines);
  return [first, ...more];
}

function decodeKey(text: string, where: string): Uint8Array {
  // Buffer skips characters that are not base64; a damaged key must not become another key.
  if (!BASE64.test(text)) throw new UsageError(`${where} is not base64`);
  const key = Buffer.from(text, 'base64');
  if (key.length < MIN_KEY_BYTES) {
    throw new UsageError(
      `${where}: expected a key of at least ${MIN_KEY_BYTES} bytes, not ${key.length}`,
    );
  }
  return key;
}

function refuseTooMany(count: number, path: string): void {
  if (count <= MAX_KEYS) return;
  throw new UsageError(`${path}: expected at most ${MAX_KEYS} heartbeat keys, not ${count}`);
}

function refuseRepeated(lines: readonly { key: Uint8Array; where: string }[]): void {
  const seen = new Map<string, string>();
  for (const { key, where } of lines) {
    const digest = createHash('sha256').update(key).digest('hex');
    const earlier = seen.get(digest);
    if (earlier !== undefined) throw new UsageError(`${where} repeats the key of ${earlier}`);
    seen.set(digest, where);
  }
}
