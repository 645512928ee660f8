import {
  type Fields,
  MalformedMessageError,
  parsed,
  parseMessage,
  readBoolean,
  readChoice,
  readHello,
  readInteger,
  readIp,
  readList,
  readNumber,
  readObject,
  readOptional,
  readText,
} from '../messages/parse-fields.ts';
import { BFD_AUTHENTICATION_KINDS } from '../packet/bfd.ts';
import {
  BFD_STANDINGS,
  type FromBfdd,
  MAX_BFD_SESSIONS,
  type ToBfdd,
  type WantedBfdKey,
  type WantedBfdSession,
} from './messages.ts';
import type { BfdMemory } from './session.ts';
import type { BfdTimers } from './timers.ts';

/** A message as bfdd received it, or why it is none. */
export function parseToBfdd(value: unknown): ToBfdd | MalformedMessageError {
  return parseMessage<ToBfdd>(value, { hello: readHello, sessions: readSessions });
}

/** A message as the speaker received it, or why it is none. */
export function parseFromBfdd(value: unknown): FromBfdd | MalformedMessageError {
  return parseMessage<FromBfdd>(value, { hello: readHello, standing: readStanding });
}

function readSessions({ sessions }: Fields): ToBfdd {
  const options = { limit: MAX_BFD_SESSIONS, read: readWanted };
  return { kind: 'sessions', sessions: readList(sessions, 'sessions', options) };
}

function readStanding({ name, standing, why }: Fields): FromBfdd {
  return {
    kind: 'standing',
    name: readText(name, 'name'),
    standing: readChoice(standing, 'standing', BFD_STANDINGS),
    why: readText(why, 'why'),
  };
}

/** What a process before has left of one session that was Up. */
export interface KeptBfdSession {
  readonly wanted: WantedBfdSession;
  readonly sourcePort: number | undefined;
  readonly memory: BfdMemory;
}

/** As it was kept, or why it is none. */
export function parseKeptSession(value: unknown): KeptBfdSession | MalformedMessageError {
  return parsed(() => {
    const fields = readObject(value, 'kept');
    return {
      wanted: readWanted(fields['wanted'], 'wanted'),
      sourcePort: readOptional(fields['sourcePort'], 'sourcePort', readInteger),
      memory: readMemory(fields['memory'], 'memory'),
    };
  });
}

function readWanted(value: unknown, what: string): WantedBfdSession {
  const fields = readObject(value, what);
  return {
    name: readText(fields['name'], `${what}.name`),
    peer: readIp(fields['peer'], `${what}.peer`),
    interface: readOptional(fields['interface'], `${what}.interface`, readText),
    isMultihop: readBoolean(fields['isMultihop'], `${what}.isMultihop`),
    local: readOptional(fields['local'], `${what}.local`, readIp),
    minimumTtl: readInteger(fields['minimumTtl'], `${what}.minimumTtl`),
    timers: readTimers(fields['timers'], `${what}.timers`),
    passive: readBoolean(fields['passive'], `${what}.passive`),
    key: readOptional(fields['key'], `${what}.key`, readKey),
  };
}

function readTimers(value: unknown, what: string): BfdTimers {
  const fields = readObject(value, what);
  return {
    desiredMinTxMs: readNumber(fields['desiredMinTxMs'], `${what}.desiredMinTxMs`),
    requiredMinRxMs: readNumber(fields['requiredMinRxMs'], `${what}.requiredMinRxMs`),
    detectMultiplier: readInteger(fields['detectMultiplier'], `${what}.detectMultiplier`),
  };
}

/** What is wrong with a secret is told without showing it. */
function readKey(value: unknown, what: string): WantedBfdKey {
  const fields = readObject(value, what);
  const { secret } = fields;
  if (typeof secret !== 'string') {
    throw new MalformedMessageError(`${what}.secret: expected a text, got (hidden)`);
  }
  return {
    kind: readChoice(fields['kind'], `${what}.kind`, BFD_AUTHENTICATION_KINDS),
    id: readInteger(fields['id'], `${what}.id`),
    secret,
  };
}

function readMemory(value: unknown, what: string): BfdMemory {
  const fields = readObject(value, what);
  const number = (name: string) => readNumber(fields[name], `${what}.${name}`);
  return {
    discriminator: readInteger(fields['discriminator'], `${what}.discriminator`),
    remoteDiscriminator: readInteger(fields['remoteDiscriminator'], `${what}.remoteDiscriminator`),
    remote: readTimers(fields['remote'], `${what}.remote`),
    desiredMinTxMs: number('desiredMinTxMs'),
    requiredMinRxMs: number('requiredMinRxMs'),
    sequence: readInteger(fields['sequence'], `${what}.sequence`),
  };
}
