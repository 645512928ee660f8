import { stringify } from 'yaml';
import { isRecord } from '../api/fields.ts';
import { formatProblem } from '../api/problem.ts';
import { type PlainScalarReader, readYaml } from '../manifests/yaml-documents.ts';
import type { Conversion, ConvertedObject } from '../migration/conversion.ts';
import { convertConfig } from '../migration/convert-config.ts';
import { PlainScalar } from '../migration/plain-scalar.ts';
import type { SourceText } from './dumped-objects.ts';
import { CommandFailure } from './failure.ts';

export interface ConvertWish {
  /** The source is the text under `config` of a ConfigMap. */
  readonly onlyData: boolean;
  /** Of the objects; that of the ConfigMap when absent. */
  readonly namespace: string | undefined;
}

/** Where MetalLB's own manifests put it. */
const DEFAULT_NAMESPACE = 'metallb-system';

interface ConfigText {
  /** Of what its problems are. */
  readonly source: string;
  readonly namespace: string;
  readonly text: string;
}

/** What the ConfigMap in a source says. @throws CommandFailure where there is none, or one that can't be read */
export function convertSource(source: SourceText, wish: ConvertWish): Conversion {
  const config = wish.onlyData
    ? { source: source.name, namespace: DEFAULT_NAMESPACE, text: source.text }
    : findConfig(source);
  const [value, ...others] = readAll(
    config.source,
    config.text,
    (written) => new PlainScalar(written),
  );
  if (others.length > 0) {
    throw new CommandFailure(
      `${config.source}: expected one YAML document, not ${others.length + 1}`,
    );
  }
  const namespace = wish.namespace ?? config.namespace;
  return convertConfig(value, { source: config.source, namespace, reader: 'api-server' });
}

function findConfig({ name, text }: SourceText): ConfigText {
  const found = readAll(name, text).flatMap(withoutLists).flatMap(configOf);
  const [only, another] = found;
  if (only === undefined) {
    throw new CommandFailure(
      `${name}: expected a ConfigMap with the key config; for its text alone, there is --only-data`,
    );
  }
  if (another !== undefined) {
    throw new CommandFailure(
      `${name}: expected one ConfigMap with the key config, not ${only.source} and ${another.source}`,
    );
  }
  return only;
}

function configOf(value: unknown): ConfigText[] {
  if (!isRecord(value) || value['kind'] !== 'ConfigMap') return [];
  const { metadata, data } = value;
  const text = isRecord(data) ? data['config'] : undefined;
  if (typeof text !== 'string') return [];
  const written = isRecord(metadata) ? metadata : {};
  const namespace = written['namespace'] ? String(written['namespace']) : DEFAULT_NAMESPACE;
  return [{ source: `ConfigMap/${namespace}/${written['name'] ?? '(unnamed)'}`, namespace, text }];
}

function withoutLists(value: unknown): unknown[] {
  return isRecord(value) && Array.isArray(value['items']) ? value['items'] : [value];
}

function readAll(name: string, text: string, readPlain?: PlainScalarReader): unknown[] {
  return readYaml(text, readPlain).map(({ value, problems: [problem] }) => {
    if (problem === undefined) return value;
    throw new CommandFailure(`${name}:${problem.line}: ${problem.message}`);
  });
}

/** Several documents of YAML, for `kubectl apply -f -`. */
export function formatObjects(objects: readonly ConvertedObject[], source: string): string {
  // kubectl reads YAML 1.1, in which a pool may be called `on` and a community is a number, unless quoted.
  const documents = objects.map((object) => stringify(object, { version: '1.1' }).trimEnd());
  return [`# Written by mlb convert from ${source}.`, ...documents].join('\n---\n');
}

/** The same as one object of JSON. */
export function listOf(objects: readonly ConvertedObject[]): object {
  return { apiVersion: 'v1', kind: 'List', items: objects };
}

/** What whoever applies the objects must know, a line each. */
export function remarksOn({ objects, problems, renamed }: Conversion): string[] {
  const peers = objects.filter(({ kind }) => kind === 'Secret').length;
  return [
    ...problems.map(formatProblem),
    ...renamed.map(
      ({ kind, from, to }) =>
        `${kind} ${from} is called ${to} now${kind === 'IPAddressPool' ? ': Services that name it in an annotation need the new name' : ''}`,
    ),
    ...(peers > 0 ? ['the output holds passwords of BGP peers, in Secrets'] : []),
    ...(objects.length === 0 ? ['there is nothing to convert'] : []),
  ];
}
