import { memberOf, type Place, problemAt } from '../api/fields.ts';
import type { Problem } from '../api/problem.ts';
import type { Conversion, ConversionContext, ConversionOptions, Renamed } from './conversion.ts';
import { advertisementObjects } from './convert-advertisements.ts';
import { bfdProfileObjects, communityObject, peerObjects } from './convert-bgp.ts';
import { poolObjects } from './convert-pools.ts';
import { withoutSecrets } from './hidden-secrets.ts';
import { legacyConfig } from './legacy-config.ts';
import { objectName } from './object-names.ts';
import { meantByAll } from './plain-scalar.ts';

/**
 * Says in MetalLB's API what `config` of a ConfigMap of MetalLB up to 0.12 says, which is read as YAML already, with
 * a `PlainScalar` for each scalar without quotes.
 */
export function convertConfig(config: unknown, options: ConversionOptions): Conversion {
  const root: Place = { object: options.source, field: '' };
  const read = legacyConfig(config, root);
  const problems: Problem[] = [...read.problems];
  const renamed: Renamed[] = [];
  const context: ConversionContext = {
    root,
    namespace: options.namespace,
    report: (place, value, expected) => problems.push(problemAt(place, value, expected)),
    reader: options.reader,
    claimName: nameClaims(options.reader, problems, renamed),
  };
  const value = read.value ?? {};
  const pools = poolObjects(value['address-pools'] ?? [], context);
  const profiles = bfdProfileObjects(value['bfd-profiles'] ?? [], context);
  const objects = [
    ...peerObjects(value.peers ?? [], profiles.nameOf, context),
    ...pools.objects,
    ...advertisementObjects(pools.named, value['bgp-communities'] ?? new Map(), context),
    ...profiles.objects,
    ...communityObject(value['bgp-communities'] ?? new Map(), context),
  ];
  return { objects, problems: problems.map(asMeant).map(withoutSecrets), renamed };
}

function asMeant(problem: Problem): Problem {
  return { ...problem, value: meantByAll(problem.value) ?? undefined };
}

function nameClaims(
  reader: ConversionOptions['reader'],
  problems: Problem[],
  renamed: Renamed[],
): ConversionContext['claimName'] {
  /** `KIND name` to whose it is. */
  const taken = new Map<string, Place>();
  return (kind, written, place) => {
    const name = reader === 'programs' ? written : objectName(written);
    const at = memberOf(place, 'name');
    if (name === undefined) {
      problems.push(problemAt(at, written, 'expected a name with a letter or a digit'));
      return undefined;
    }
    const other = taken.get(`${kind} ${name}`);
    if (other !== undefined) {
      const expected = `expected another name: ${other.field} is ${name} already`;
      problems.push(problemAt(at, written, expected));
      return undefined;
    }
    taken.set(`${kind} ${name}`, place);
    if (name !== written) renamed.push({ kind, from: written, to: name });
    return name;
  };
}
