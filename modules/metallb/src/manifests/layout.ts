import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import type { ObjectMeta } from '../api/object.ts';

/** Where programs keep their state inside a directory of manifests. Users' files are everywhere else in it. */
export interface StateLayout {
  readonly directory: string;
  readonly state: string;
  readonly objects: string;
  readonly nodes: string;
  readonly temporary: string;
  /** The counter that gives versions. */
  readonly revision: string;
  readonly lock: string;
}

/** Name of the state directory; users' files are not looked for in it. */
export const STATE_DIRECTORY = '.state';

/** The paths for one directory of manifests. */
export function layoutOf(directory: string): StateLayout {
  const state = join(directory, STATE_DIRECTORY);
  return {
    directory,
    state,
    objects: join(state, 'objects'),
    nodes: join(state, 'nodes'),
    temporary: join(state, 'tmp'),
    revision: join(state, 'revision'),
    lock: join(state, 'controller.lock'),
  };
}

/** File of one object. Names are checked before they get here, so that none leads out of the directory. */
export function objectFile(
  layout: StateLayout,
  {
    kind,
    metadata,
  }: { readonly kind: string; readonly metadata: Pick<ObjectMeta, 'namespace' | 'name'> },
): string {
  return join(layout.objects, kind, metadata.namespace ?? '_', `${metadata.name}.yaml`);
}

/** What only a node's speaker writes. */
export function nodeDirectory(layout: StateLayout, node: string): string {
  return join(layout.nodes, node);
}

/**
 * Where a node says what it has to say of an object. Among 256 files: a file each would make a burst long, and one for all
 * would make each change as long as a burst.
 */
export function nodeFile(layout: StateLayout, node: string, objectId: string): string {
  const name = createHash('sha256').update(objectId).digest('hex').slice(0, 2);
  return join(nodeDirectory(layout, node), `${name}.yaml`);
}

/** Whose file this is; undefined for a file that no node's speaker has written. */
export function nodeOfFile(layout: StateLayout, path: string): string | undefined {
  const [node, file, ...more] = relative(layout.nodes, path).split(sep);
  return file === undefined || more.length > 0 || node === '..' ? undefined : node;
}

/** What is read of a users' directory. Hidden is our own state, and what editors and ConfigMaps keep for themselves. */
export const USER_FILES = {
  acceptsDirectory: (name: string) => !name.startsWith('.'),
  acceptsFile: (name: string) => !name.startsWith('.') && /\.(?:yaml|yml|json)$/.test(name),
} as const;

/** With `node-` before it or `.yaml` behind it, a file's name has 255 bytes at most; Kubernetes allows 253. */
export const MAXIMUM_NAME_LENGTH = 250;

/** Names as Kubernetes allows them (RFC 1123 subdomain): safe as file names, too. */
export function isObjectName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length <= MAXIMUM_NAME_LENGTH &&
    /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(name)
  );
}
