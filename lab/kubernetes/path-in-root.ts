import { lstatSync, readlinkSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const MOST_LINKS = 40;

/**
 * Where a path of a container leads when its symbolic links are followed inside of its root: `/var/run` of an image is
 * a link to `/run`, which outside would be this machine's own. What does not exist stays as it is.
 *
 * @returns an absolute path inside of the root  @throws when links go round in circles
 */
export function pathInRoot(root: string, path: string, links = 0): string {
  if (links > MOST_LINKS) throw new Error(`too many symbolic links in ${path}`);
  let resolved = '/';
  const parts = normalize(path).split('/').filter(Boolean);
  for (const [index, part] of parts.entries()) {
    const next = join(resolved, part);
    const target = linkAt(join(root, next));
    if (target === undefined) {
      resolved = next;
      continue;
    }
    const rest = parts.slice(index + 1).join('/');
    // `join` keeps `..` from leaving the root.
    const from = target.startsWith('/') ? '/' : dirname(next);
    return pathInRoot(root, join(from, target, rest), links + 1);
  }
  return resolved;
}

function linkAt(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() ? readlinkSync(path) : undefined;
}
