import { createHash } from 'node:crypto';

/** Nodes in ascending order of the raw bytes of sha256(`class#node`): Deckhouse's order. */
export function rankNodes(className: string, nodes: readonly string[]): readonly string[] {
  return nodes
    .map((name) => ({ name, digest: digestOf(`${className}#${name}`) }))
    .sort((a, b) => Buffer.compare(a.digest, b.digest))
    .map(({ name }) => name);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
