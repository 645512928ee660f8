import { absentAs, type Field, fields, into, oneOf, text, textMap } from './fields.ts';
import { metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** core/v1 Secret that a BGPPeer names. */
export interface PasswordSecret {
  readonly metadata: ObjectMeta;
  /**
   * That of the key `password`, then that of `passwordPrevious`, which the router may still have. Empty where there is
   * none that can be used: what is secured must not go on by what was there before.
   */
  readonly passwords: readonly string[];
  readonly type: string;
}

/** What MetalLB wants it to be. */
export const PASSWORD_SECRET_TYPE = 'kubernetes.io/basic-auth';
const KEYS = ['password', 'passwordPrevious'];
/** What the kernel takes as a TCP MD5 key. */
export const MAX_PASSWORD_BYTES = 80;

const secret: Field<PasswordSecret> = into(
  fields({
    apiVersion: oneOf('v1'),
    kind: oneOf('Secret'),
    metadata,
    type: absentAs('', text),
    data: absentAs({}, textMap),
    stringData: absentAs({}, textMap),
  }),
  ({ metadata, type, data, stringData }) => {
    const [password, previous] = KEYS.map((key) => stringData[key] ?? decoded(data[key]));
    if (password === undefined || !isUsable(password)) return { metadata, type, passwords: [] };
    const isOther = previous !== undefined && isUsable(previous) && previous !== password;
    return { metadata, type, passwords: isOther ? [password, previous] : [password] };
  },
);

/** Reads a Secret as one with a password for BGP (RFC 2385). What is wrong shows nothing of it. */
export function parsePasswordSecret(object: unknown): Parsed<PasswordSecret> {
  return parseAs('Secret', secret, object);
}

function isUsable(password: string): boolean {
  const { length } = new TextEncoder().encode(password);
  return length > 0 && length <= MAX_PASSWORD_BYTES;
}

/** @returns undefined for what is no base64 or no text */
function decoded(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
