import { createHash } from 'node:crypto';

const MAX_NAME_LENGTH = 63;
const HASH_LENGTH = 8;

/** Which child of a Service: its number, and for the second family of a dual-stack Service that family. */
export interface ChildSlot {
  readonly order: number;
  readonly secondaryFamily?: 'IPv4' | 'IPv6' | undefined;
}

interface Names {
  /** Deckhouse's: `<service>-<class>-<number>`. */
  readonly plain: string;
  /** For when the plain name is too long or another Service's: `a` with class `b-c`, `a-b` with class `c`. */
  readonly hashed: string;
}

/**
 * The name of a child. One that the Service already has is kept; a new one is plain where it may be.
 * @param isOwn whether the Service already has a child of this name
 * @param isTaken whether somebody else has an object of this name
 */
export function childName(
  owner: { readonly service: string; readonly className: string },
  slot: ChildSlot,
  { isOwn, isTaken }: { isOwn: (name: string) => boolean; isTaken: (name: string) => boolean },
): string {
  const { plain, hashed } = namesOf(owner, slot);
  if (isOwn(plain)) return plain;
  if (isOwn(hashed)) return hashed;
  return plain.length > MAX_NAME_LENGTH || isTaken(plain) ? hashed : plain;
}

function namesOf(
  { service, className }: { service: string; className: string },
  slot: ChildSlot,
): Names {
  const family = slot.secondaryFamily === undefined ? '' : `-${slot.secondaryFamily.toLowerCase()}`;
  const suffix = `-${slot.order}${family}`;
  const prefix = `${service}-${className}`;
  const hash = createHash('sha256').update(`${service}#${className}`).digest('hex');
  const room = MAX_NAME_LENGTH - suffix.length - HASH_LENGTH - 1;
  const cut = prefix.slice(0, room).replace(/[-.]+$/, '');
  return { plain: `${prefix}${suffix}`, hashed: `${cut}-${hash.slice(0, HASH_LENGTH)}${suffix}` };
}

/** The slot that a child's name tells; undefined for a name that this module did not give. */
export function slotOf(name: string): ChildSlot | undefined {
  const [, digits, family] = /-(\d+)(-ipv[46])?$/.exec(name) ?? [];
  if (digits === undefined) return undefined;
  if (family === undefined) return { order: Number(digits) };
  return { order: Number(digits), secondaryFamily: family === '-ipv4' ? 'IPv4' : 'IPv6' };
}

/** Order of the names of one Service's children: by number, the primary family first; 10 comes after 2. */
export function compareSlots(nameA: string, nameB: string): number {
  const [a, b] = [slotOf(nameA), slotOf(nameB)];
  const byOrder = (a?.order ?? 0) - (b?.order ?? 0);
  if (byOrder !== 0) return byOrder;
  return (a?.secondaryFamily ?? '') < (b?.secondaryFamily ?? '') ? -1 : 1;
}
