import { deepStrictEqual, ok } from 'node:assert';
import {
  familyOf,
  ipFromBigInt,
  ipFromBytes,
  ipToBigInt,
  ipToBytes,
  parseIp,
} from '../../../modules/metallb/src/net/ip.ts';
import { macFromBytes, macToBytes, parseMac } from '../../../modules/metallb/src/net/mac.ts';
import { cidrsOf, formatRange, parseRange } from '../../../modules/metallb/src/net/range.ts';
import { CONTROLLER_SETTINGS } from '../../../modules/metallb/src/settings/controller-settings.ts';
import { parseHeartbeatKeys } from '../../../modules/metallb/src/settings/heartbeat-keys.ts';
import { NODE_SETTINGS } from '../../../modules/metallb/src/settings/node-settings.ts';
import { type Setting, UsageError } from '../../../modules/metallb/src/settings/settings.ts';
import { type Target, textTarget } from '../target.ts';

const KEY_FILE = `${Buffer.alloc(32, 1).toString('base64')}\n\n${Buffer.alloc(16, 2).toString('base64')}\n`;
const SETTINGS: readonly Setting<unknown>[] = [
  ...Object.values(NODE_SETTINGS),
  ...Object.values(CONTROLLER_SETTINGS),
];

/** An address has one text, and all its forms are one address. */
function checkIp(text: string): void {
  const ip = parseIp(text);
  if (ip === undefined) return;
  deepStrictEqual(parseIp(ip), ip);
  deepStrictEqual(ipFromBytes(ipToBytes(ip)), ip);
  deepStrictEqual(ipFromBigInt(familyOf(ip), ipToBigInt(ip)), ip);
}

function checkMac(text: string): void {
  const mac = parseMac(text);
  if (mac !== undefined) deepStrictEqual(macFromBytes(macToBytes(mac)), mac);
}

/** The text of a range is the same range, and its CIDRs are all of it, one behind the other. */
function checkRange(text: string): void {
  const range = parseRange(text);
  if (typeof range === 'string') return;
  deepStrictEqual(parseRange(formatRange(range)), range);
  let next = range.first;
  for (const { network, prefixLength } of cidrsOf(range)) {
    deepStrictEqual(network, next);
    next += 1n << BigInt((range.family === 'IPv4' ? 32 : 128) - prefixLength);
  }
  deepStrictEqual(next, range.last + 1n);
}

/** What is wrong with a key is said without the key. */
function checkKeys(text: string): void {
  try {
    const keys = parseHeartbeatKeys(text, 'keys');
    deepStrictEqual(
      parseHeartbeatKeys(keys.map(base64).join('\n'), 'keys').map(base64),
      keys.map(base64),
    );
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const words = text.split(/\s+/).filter((word) => word.length > 8);
    ok(!words.some((word) => error.message.includes(word)), 'the error quotes the file');
  }
}

function base64(key: Uint8Array): string {
  return Buffer.from(key).toString('base64');
}

export const TEXT_TARGETS: readonly Target[] = [
  textTarget({
    ...{
      name: 'address',
      seeds: ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8'],
    },
    dictionary: ['::', ':', '0', 'ffff', '.', '255'],
    check: checkIp,
  }),
  textTarget({
    ...{ name: 'mac', seeds: ['02:00:00:00:00:0a', 'FF:FF:FF:FF:FF:FF'], dictionary: [':', '0A'] },
    check: checkMac,
  }),
  textTarget({
    ...{
      name: 'range',
      seeds: ['192.0.2.0/24', '192.0.2.10-192.0.2.19', '2001:db8::/64', '::-::f'],
    },
    dictionary: ['/', '-', '128', '32', '0', '::', 'ffff:ffff', '255.255.255.255'],
    check: checkRange,
  }),
  textTarget({
    ...{ name: 'setting', dictionary: ['[', ']', ':', 'manifests:', 'http://', 'ff02::1', ','] },
    seeds: SETTINGS.flatMap(({ default: text = '' }) => [text]),
    check: (text) => {
      for (const { parse } of SETTINGS) parse(text);
    },
  }),
  textTarget({
    ...{ name: 'heartbeat-keys', seeds: [KEY_FILE], dictionary: ['=', '==', '\n', '\r\n', 'AAAA'] },
    check: checkKeys,
  }),
];
