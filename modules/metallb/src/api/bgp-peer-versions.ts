import { isRecord } from './fields.ts';
import { ANNOTATION, METALLB_API_VERSION, METALLB_PEER_API_VERSION } from './names.ts';

type Json = Readonly<Record<string, unknown>>;
type Change = (value: unknown) => unknown;

/** The fields that v1beta1 has, under the names that v1beta2 has for the same. */
const OLD_FIELDS: ReadonlySet<string> = new Set([
  ...['myASN', 'peerASN', 'peerAddress', 'sourceAddress', 'peerPort', 'holdTime'],
  ...['keepaliveTime', 'routerID', 'password', 'bfdProfile', 'ebgpMultiHop', 'nodeSelectors'],
]);
/** What v1beta1 must say where v1beta2 says it in another way. */
const REQUIRED_IN_V1BETA1 = { peerASN: 0, peerAddress: '' };
/** What v1beta2 says of itself where nothing is written. */
const DEFAULTS_OF_V1BETA2: Json = { disableMP: false, dualStackAddressFamily: false };
/** Fields of v1beta2 that a field of both replaces: who writes that as v1beta1 means it. */
const REPLACED_BY: Readonly<Record<string, string>> = {
  dynamicASN: 'peerASN',
  interface: 'peerAddress',
  passwordSecret: 'password',
};
const WITHOUT_VALUES: readonly unknown[] = ['Exists', 'DoesNotExist'];

/** The versions that a BGPPeer may be asked for in. */
export function isPeerVersion(version: unknown): version is string {
  return version === METALLB_API_VERSION || version === METALLB_PEER_API_VERSION;
}

/**
 * A BGPPeer in another of its versions, whatever it holds: what is wrong is for those to say who read it. Nothing is
 * lost there and back, since what v1beta1 has no fields for is in an annotation of it.
 */
export function peerInVersion(object: Json, version: string): Json {
  if (object['apiVersion'] === version) return object;
  return version === METALLB_API_VERSION ? asV1beta1(object) : asV1beta2(object);
}

function asV1beta1(object: Json): Json {
  const spec = recordOf(object['spec']);
  const old = Object.entries(spec).filter(([name]) => OLD_FIELDS.has(name));
  const added = Object.entries(spec).filter(
    ([name, value]) => !OLD_FIELDS.has(name) && DEFAULTS_OF_V1BETA2[name] !== value,
  );
  const carried = added.length === 0 ? undefined : JSON.stringify(Object.fromEntries(added));
  return {
    ...object,
    apiVersion: METALLB_API_VERSION,
    metadata: annotated(object['metadata'], carried),
    spec: withSelectors({ ...REQUIRED_IN_V1BETA1, ...Object.fromEntries(old) }, withSomeValue),
  };
}

function asV1beta2(object: Json): Json {
  const metadata = recordOf(object['metadata']);
  const carried = parsed(recordOf(metadata['annotations'])[ANNOTATION.peerV1beta2]);
  // What v1beta1 says by nothing: any port but 0, and what it must say in any case.
  const said = Object.entries(recordOf(object['spec'])).filter(
    ([name, value]) => !(name in REQUIRED_IN_V1BETA1 || name === 'peerPort') || Boolean(value),
  );
  const spec = Object.fromEntries(said);
  const more = Object.entries(carried ?? {}).filter(([name]) => {
    const replacement = REPLACED_BY[name];
    return !OLD_FIELDS.has(name) && (replacement === undefined || !spec[replacement]);
  });
  return {
    ...object,
    apiVersion: METALLB_PEER_API_VERSION,
    metadata: carried === undefined ? metadata : annotated(metadata, undefined),
    spec: withSelectors({ ...spec, ...Object.fromEntries(more) }, withoutValues),
  };
}

/** v1beta1 has one value at least wherever it has an expression; with these operators it means nothing. */
const withSomeValue: Change = (expression) =>
  isBare(expression) && listOf(expression['values']).length === 0
    ? { ...expression, values: [''] }
    : expression;

const withoutValues: Change = (expression) => {
  if (!isBare(expression)) return expression;
  const { values: _, ...rest } = expression;
  return rest;
};

function isBare(expression: unknown): expression is Json {
  return isRecord(expression) && WITHOUT_VALUES.includes(expression['operator']);
}

function withSelectors(spec: Json, change: Change): Json {
  const { nodeSelectors } = spec;
  if (!Array.isArray(nodeSelectors)) return spec;
  const changed = nodeSelectors.map((selector: unknown) =>
    isRecord(selector) && Array.isArray(selector['matchExpressions'])
      ? { ...selector, matchExpressions: selector['matchExpressions'].map(change) }
      : selector,
  );
  return { ...spec, nodeSelectors: changed };
}

/** @param carried undefined takes the annotation away, and the last of them with all of them */
function annotated(metadata: unknown, carried: string | undefined): Json {
  const { annotations, ...rest } = recordOf(metadata);
  const { [ANNOTATION.peerV1beta2]: _, ...others } = recordOf(annotations);
  const all = carried === undefined ? others : { ...others, [ANNOTATION.peerV1beta2]: carried };
  return Object.keys(all).length === 0 ? rest : { ...rest, annotations: all };
}

/** Undefined for what this module can't have written: it is somebody's annotation like any other. */
function parsed(text: unknown): Json | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
