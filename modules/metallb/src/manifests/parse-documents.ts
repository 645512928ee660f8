import { CHILD_KIND } from '../api/names.ts';
import { shownValue } from '../api/shown-value.ts';
import { asStored } from '../store/apply-patch.ts';
import { isKind, KINDS } from '../store/kinds.ts';
import type { Kind, NewObject } from '../store/store.ts';
import { isObjectName, MAXIMUM_NAME_LENGTH } from './layout.ts';
import { readYaml, type YamlDocument } from './yaml-documents.ts';

/** Something wrong with a file, in words that tell its owner what to change. */
export interface ManifestProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** An object that a user wants, as far as a directory reads it. */
export interface UserObject {
  readonly object: NewObject & { readonly kind: Kind };
  readonly line: number;
}

/** What a file says, as far as it can be read. */
export interface ParsedManifest {
  readonly objects: readonly UserObject[];
  readonly problems: readonly ManifestProblem[];
}

/** One line for people, e.g. `services.yaml:12: kind is missing`. */
export function formatManifestProblem({ file, line, message }: ManifestProblem): string {
  return `${file}:${line}: ${message}`;
}

/** Reads a file of one or many YAML documents. Documents of kinds that we don't keep are left out. */
export function parseManifest(file: string, text: string): ParsedManifest {
  const objects: UserObject[] = [];
  const problems: ManifestProblem[] = [];
  const report = (line: number, message: string): void => {
    problems.push({ file, line, message });
  };
  for (const document of readYaml(text)) {
    for (const problem of document.problems) report(problem.line, problem.message);
    for (const { value, line } of withoutLists(document)) {
      const object = readObject(value, (message) => report(line, message));
      if (object !== undefined) objects.push({ object, line });
    }
  }
  return { objects, problems };
}

/** `kubectl get -o yaml` writes several objects as one List. */
function withoutLists({ value, line }: YamlDocument): Pick<YamlDocument, 'value' | 'line'>[] {
  if (!isRecord(value) || value['kind'] !== 'List' || !Array.isArray(value['items'])) {
    return [{ value, line }];
  }
  return value['items'].map((item: unknown) => ({ value: item, line }));
}

function readObject(
  value: unknown,
  report: (message: string) => void,
): UserObject['object'] | undefined {
  if (value === null || value === undefined) return undefined;
  if (!isRecord(value)) {
    report('this is no Kubernetes object: expected fields apiVersion, kind and metadata');
    return undefined;
  }
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    report(`${typeof kind === 'string' ? 'apiVersion' : 'kind'} is missing`);
    return undefined;
  }
  if (!isKind(kind) || groupOf(apiVersion) !== groupOf(KINDS[kind].apiVersion)) return undefined;
  const copy = plainCopy(value);
  if (copy === undefined) {
    report(`${kind}: this is nested too deeply`);
    return undefined;
  }
  const { object, version } = inPresentVersion(copy, kind, apiVersion);
  const { metadata } = object;
  const problems = [
    ...problemsOfKind(version, kind),
    ...(isRecord(metadata) ? problemsOfMetadata(metadata) : ['metadata is missing']),
  ];
  for (const problem of problems) report(`${kind}: ${problem}`);
  if (problems.length > 0 || !isRecord(metadata)) return undefined;
  return { ...object, apiVersion: version, kind, metadata: metadataOf(metadata, kind) };
}

/** An object of a version that there is no more is in the present one afterwards; any other stays as it is. */
function inPresentVersion(
  object: Readonly<Record<string, unknown>>,
  kind: Kind,
  version: string,
): { readonly object: Readonly<Record<string, unknown>>; readonly version: string } {
  const { older, apiVersion } = KINDS[kind];
  const convert = older?.[version];
  return convert === undefined
    ? { object, version }
    : { object: convert(object), version: apiVersion };
}

/** As JSON would carry it: what was read from JSON may be nested more deeply than can be written. */
function plainCopy(value: object): Readonly<Record<string, unknown>> | undefined {
  try {
    return asStored({ ...value });
  } catch {
    return undefined;
  }
}

function problemsOfKind(apiVersion: string, kind: Kind): string[] {
  if (kind === CHILD_KIND) return ['objects of this kind are made by the controller, not by files'];
  const expected = KINDS[kind].apiVersion;
  return apiVersion === expected ? [] : [`apiVersion is ${apiVersion}: expected ${expected}`];
}

function problemsOfMetadata(metadata: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  for (const field of ['name', 'namespace']) {
    const value = metadata[field];
    if (value === undefined ? field === 'name' : !isObjectName(value)) {
      problems.push(
        `metadata.${field} is ${value === undefined ? 'missing' : shownValue(value)}: expected lower-case letters, digits, "-" and ".", at most ${MAXIMUM_NAME_LENGTH} of them`,
      );
    }
  }
  for (const field of ['labels', 'annotations']) {
    problems.push(...problemsOfStrings(`metadata.${field}`, metadata[field]));
  }
  return problems;
}

function problemsOfStrings(field: string, value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) return [`${field} is ${shownValue(value)}: expected names and values`];
  return Object.entries(value)
    .filter(([, text]) => typeof text !== 'string')
    .map(
      ([name, text]) =>
        `${field}["${name}"] is ${shownValue(text)}: expected a string, put it in quotes`,
    );
}

/** Only what a user decides: versions and owners of another cluster mean nothing here. */
function metadataOf(
  metadata: Readonly<Record<string, unknown>>,
  kind: Kind,
): NewObject['metadata'] {
  const { name, namespace, labels, annotations } = metadata as Partial<NewObject['metadata']>;
  return {
    name: name ?? '',
    ...(KINDS[kind].namespaced ? { namespace: namespace ?? 'default' } : {}),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
