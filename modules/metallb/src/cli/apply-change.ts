import { ANNOTATION, CLASS_KIND, LABEL } from '../api/names.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import { formatManifestProblem, parseManifest } from '../manifests/parse-documents.ts';
import { suggestion } from '../settings/nearest-word.ts';
import type { Simulation } from '../simulation/simulation.ts';
import { KINDS } from '../store/kinds.ts';
import type { Kind, NewObject, ObjectRef } from '../store/store.ts';
import type { SourceText } from './dumped-objects.ts';
import { CommandFailure } from './failure.ts';
import { applyManifest, replaceManifest } from './merge-manifest.ts';
import { PLANNED_KINDS } from './planned-kinds.ts';

/** What shall be tried. */
export interface Change {
  /** Manifests to apply, in their order. */
  readonly files: readonly SourceText[];
  /** `KIND/NAME` or `KIND/NAMESPACE/NAME`. */
  readonly deleted: readonly string[];
  /** Nodes that get the exclude label. */
  readonly excluded: readonly string[];
  /** Nodes that get the drain annotation. */
  readonly drained: readonly string[];
}

/** How a file becomes the object: `kubectl apply` leaves what others set, a directory of manifests is all there is. */
export type ApplyMode = 'apply' | 'replace';

/** In the singular and in the plural, as kubectl has it. */
const KIND_WORDS: Readonly<Record<string, Kind>> = {
  ...Object.fromEntries(
    PLANNED_KINDS.flatMap((kind) => [
      [kind.toLowerCase(), kind],
      [`${kind.toLowerCase()}${kind.endsWith('s') ? 'es' : 's'}`, kind],
    ]),
  ),
  class: CLASS_KIND,
  svc: 'Service',
};

/** Does to the copy what a user would do to the cluster. @throws CommandFailure for what can't be done */
export function applyChange(simulation: Simulation, change: Change, mode: ApplyMode): void {
  for (const object of change.files.flatMap(objectsOf)) put(simulation, object, mode);
  for (const written of change.deleted) simulation.remove(refOf(simulation, written));
  for (const name of change.excluded) {
    const node = existing(simulation, { kind: 'Node', name });
    putMetadata(simulation, node, 'labels', LABEL.excludeFromLoadBalancers, '');
  }
  for (const name of change.drained) {
    const node = existing(simulation, { kind: 'Node', name });
    putMetadata(simulation, node, 'annotations', ANNOTATION.drain, 'true');
  }
}

/** The object. @throws CommandFailure that names the nearest that there is */
export function existing(simulation: Simulation, ref: ObjectRef): KubernetesObject {
  const object = simulation.get(ref);
  if (object !== undefined) return object;
  const keys = simulation.list(ref.kind).map(({ metadata }) => keyOf(metadata));
  const hint = suggestion(keyOf(ref), keys) || '; mlb status shows what there is';
  throw new CommandFailure(`there is no ${ref.kind} ${keyOf(ref)}${hint}`);
}

function objectsOf({ name, text }: SourceText): NewObject[] {
  const { objects, problems } = parseManifest(name, text);
  const [problem] = problems;
  if (problem !== undefined) throw new CommandFailure(formatManifestProblem(problem));
  if (objects.length === 0) {
    const kinds =
      'MetalLoadBalancerClass, Service, Node, EndpointSlice, IPAddressPool or L2Advertisement';
    throw new CommandFailure(`${name}: expected a ${kinds}; nothing else moves an IP`);
  }
  return objects.map(({ object }) => object);
}

function put(simulation: Simulation, object: NewObject, mode: ApplyMode): void {
  const { name, namespace } = object.metadata;
  const kind = KIND_WORDS[object.kind.toLowerCase()];
  const before = kind && simulation.get({ kind, namespace, name });
  if (before === undefined) simulation.put(object);
  else
    simulation.put(
      mode === 'apply' ? applyManifest(before, object) : replaceManifest(before, object),
    );
}

function refOf(simulation: Simulation, written: string): ObjectRef {
  const [word = '', ...rest] = written.split('/');
  const kind = KIND_WORDS[word.toLowerCase()];
  const [first, second, ...more] = rest;
  if (kind === undefined || first === undefined || more.length > 0) {
    const hint = kind === undefined ? suggestion(word, Object.keys(KIND_WORDS)) : '';
    throw new CommandFailure(
      `--delete: expected KIND/NAME or KIND/NAMESPACE/NAME such as service/default/nginx, not ${JSON.stringify(written)}${hint}`,
    );
  }
  const namespace = KINDS[kind].namespaced ? (second === undefined ? 'default' : first) : undefined;
  const ref = { kind, namespace, name: second ?? first };
  existing(simulation, ref);
  return ref;
}

function putMetadata(
  simulation: Simulation,
  object: KubernetesObject,
  field: 'labels' | 'annotations',
  name: string,
  value: string,
): void {
  const entries = { ...object.metadata[field], [name]: value };
  simulation.put({ ...object, metadata: { ...object.metadata, [field]: entries } });
}
