import { isRecord } from '../api/fields.ts';
import { type KubernetesObject, keyOf, parseObject } from '../api/object.ts';
import { formatProblems } from '../api/problem.ts';
import { readYaml } from '../manifests/yaml-documents.ts';
import { isKind, KINDS } from '../store/kinds.ts';
import { CommandFailure } from './failure.ts';

/** A file and what it says. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/**
 * Objects with their metadata and statuses, as `kubectl get -o yaml` and `-o json` write them; kinds that don't matter
 * here are left out. Files of users, which no API server has seen, are taken for objects that were just made.
 * @throws CommandFailure that names the file which can't be read
 */
export function readDump(sources: readonly SourceText[]): KubernetesObject[] {
  const byKey = new Map<string, KubernetesObject>();
  for (const source of sources) {
    for (const value of documentsOf(source).flatMap(withoutLists)) {
      const object = readObject(value, source);
      if (object !== undefined) byKey.set(`${object.kind} ${keyOf(object.metadata)}`, object);
    }
  }
  return [...byKey.values()];
}

function documentsOf({ name, text }: SourceText): unknown[] {
  return readYaml(text).map(({ value, problems: [problem] }) => {
    if (problem === undefined) return value;
    throw new CommandFailure(`${name}:${problem.line}: ${problem.message}`);
  });
}

function withoutLists(value: unknown): unknown[] {
  if (!isRecord(value) || !Array.isArray(value['items'])) return [value];
  return value['items'];
}

function readObject(value: unknown, { name }: SourceText): KubernetesObject | undefined {
  if (!isRecord(value) || typeof value['kind'] !== 'string' || !isKind(value['kind'])) {
    return undefined;
  }
  const parsed = parseObject(value);
  if (!parsed.ok) throw new CommandFailure(`${name}: ${formatProblems(parsed.problems)}`);
  const { metadata, ...rest } = parsed.value;
  const namespace = KINDS[value['kind']].namespaced ? { namespace: 'default' } : {};
  const placed = { ...namespace, ...metadata };
  return {
    ...rest,
    metadata: {
      ...placed,
      uid: metadata.uid || `${rest.kind} ${keyOf(placed)}`,
      resourceVersion: metadata.resourceVersion || '1',
    },
  };
}
