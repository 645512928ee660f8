const MAX_LENGTH = 63;
/** What MetalLB's converter leaves as it is. */
const UNCHANGED = /^[a-z][-a-z0-9]{0,61}[a-z0-9]$/;

/**
 * A name that an API server takes for what had another one in a ConfigMap: the one that MetalLB's converter gives, which
 * also drops all before the first letter. Where that gives none that an API server takes, one like it.
 * @returns undefined where the name has neither letters nor digits
 */
export function objectName(written: string): string | undefined {
  if (UNCHANGED.test(written)) return written;
  const plain = written
    .slice(0, MAX_LENGTH)
    .toLowerCase()
    .replace(/[^a-z0-9.]/g, '-');
  const withinLetters = /[a-z].*$/.exec(plain)?.[0] ?? plain;
  const name = withinLetters.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '').replace(/-*\.[-.]*/g, '.');
  return name === '' ? undefined : name;
}
