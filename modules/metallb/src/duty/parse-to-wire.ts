import {
  type Fields,
  type MalformedMessageError,
  parseMessage,
  readBoolean,
  readChoice,
  readHello,
  readInteger,
  readIp,
  readList,
  readMap,
  readObject,
  readText,
} from '../messages/parse-fields.ts';
import { REACHES, type Reach } from './duty.ts';
import { type DutyChange, MAX_CHANGES, type ToWire } from './messages.ts';
import { readDuty, readGroup } from './parse-duty.ts';

const MAX_POOLS = 10_000;
const MAX_INTERFACES = 10_000;

/** A message as the wire process received it, or why it is none. */
export function parseToWire(value: unknown): ToWire | MalformedMessageError {
  return parseMessage<ToWire>(value, READERS);
}

const READERS = {
  hello: readHello,
  'table-start': ({ number }: Fields): ToWire => ({ kind: 'table-start', ...readNumber(number) }),
  difference: readDifference,
  'table-complete': ({ number }: Fields): ToWire => ({
    kind: 'table-complete',
    ...readNumber(number),
  }),
};

function readDifference({ number, changes }: Fields): ToWire {
  const options = { limit: MAX_CHANGES, read: readChange };
  return {
    kind: 'difference',
    ...readNumber(number),
    changes: readList(changes, 'changes', options),
  };
}

function readNumber(number: unknown) {
  return { number: readInteger(number, 'number') };
}

function readChange(value: unknown, what: string): DutyChange {
  const fields = readObject(value, what);
  if (fields['unset'] !== undefined) return readUnset(fields, what);
  const set = readChoice(fields['set'], `${what}.set`, [
    'duty',
    'group',
    'pools',
    'draining',
    'dataplane',
    'reachability',
    'revision',
  ]);
  switch (set) {
    case 'duty':
      return { set, duty: readDuty(fields['duty'], `${what}.duty`) };
    case 'group':
      return { set, group: readGroup(fields['group'], `${what}.group`) };
    case 'pools':
      return { set, pools: readPools(fields['pools'], `${what}.pools`) };
    case 'draining':
      return { set, draining: readBoolean(fields['draining'], `${what}.draining`) };
    case 'dataplane':
      return { set, failed: readBoolean(fields['failed'], `${what}.failed`) };
    case 'reachability':
      return { set, interfaces: readReachability(fields['interfaces'], `${what}.interfaces`) };
    case 'revision':
      return { set, revision: readInteger(fields['revision'], `${what}.revision`) };
  }
}

function readReachability(value: unknown, what: string): Readonly<Record<string, Reach>> {
  return readMap<Reach>(value, what, {
    limit: MAX_INTERFACES,
    read: (reach, where) => readChoice(reach, where, REACHES),
  });
}

function readUnset(fields: Fields, what: string): DutyChange {
  const unset = readChoice(fields['unset'], `${what}.unset`, ['duty', 'group']);
  return unset === 'duty'
    ? { unset, ip: readIp(fields['ip'], `${what}.ip`) }
    : { unset, id: readText(fields['id'], `${what}.id`) };
}

/** @throws MalformedMessageError */
export function readPools(value: unknown, what: string): readonly string[] {
  return readList(value, what, { limit: MAX_POOLS, read: readText });
}
