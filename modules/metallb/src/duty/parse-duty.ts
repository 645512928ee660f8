import {
  readBoolean,
  readChoice,
  readInteger,
  readIp,
  readList,
  readMap,
  readNumber,
  readObject,
  readOptional,
  readText,
} from '../messages/parse-fields.ts';
import type { Duty, Group, Member } from './duty.ts';

const MAX_INTERFACES = 64;
const MAX_MEMBERS = 5_000;

/** @throws MalformedMessageError */
export function readDuty(value: unknown, what: string): Duty {
  const fields = readObject(value, what);
  return {
    ip: readIp(fields['ip'], `${what}.ip`),
    group: readText(fields['group'], `${what}.group`),
    interfaces: readInterfaces(fields['interfaces'], `${what}.interfaces`),
    bySubnet: readBoolean(fields['bySubnet'], `${what}.bySubnet`),
    preferredNode: readOptional(fields['preferredNode'], `${what}.preferredNode`, readText),
    localEndpoints: readOptional(fields['localEndpoints'], `${what}.localEndpoints`, readEndpoints),
    lastAnnouncer: readOptional(fields['lastAnnouncer'], `${what}.lastAnnouncer`, readText),
    probing: readChoice(fields['probing'], `${what}.probing`, ['none', 'optimistic', 'full']),
    since: readInteger(fields['since'], `${what}.since`),
    forced: readBoolean(fields['forced'], `${what}.forced`),
    failback: readChoice(fields['failback'], `${what}.failback`, ['allowed', 'withheld']),
    recentMoves: readInteger(fields['recentMoves'], `${what}.recentMoves`),
    lastMoveEpochMs: readNumber(fields['lastMoveEpochMs'], `${what}.lastMoveEpochMs`),
  };
}

/** @throws MalformedMessageError */
export function readGroup(value: unknown, what: string): Group {
  const fields = readObject(value, what);
  return {
    id: readText(fields['id'], `${what}.id`),
    interfaces: readInterfaces(fields['interfaces'], `${what}.interfaces`),
    members: readList(fields['members'], `${what}.members`, {
      limit: MAX_MEMBERS,
      read: readMember,
    }),
  };
}

function readInterfaces(value: unknown, what: string): readonly string[] {
  return readList(value, what, { limit: MAX_INTERFACES, read: readText });
}

function readEndpoints(value: unknown, what: string): Readonly<Record<string, 0 | 1>> {
  return readMap<0 | 1>(value, what, {
    limit: MAX_MEMBERS,
    read: (rank, where) => readChoice(rank, where, [0, 1]),
  });
}

function readMember(value: unknown, what: string): Member {
  const fields = readObject(value, what);
  const weight = readOptional(fields['weight'], `${what}.weight`, readInteger);
  return {
    node: readText(fields['node'], `${what}.node`),
    excluded: readBoolean(fields['excluded'], `${what}.excluded`),
    ready: readChoice(fields['ready'], `${what}.ready`, ['ready', 'not-ready', 'unknown']),
    ...(weight !== undefined && { weight }),
  };
}
