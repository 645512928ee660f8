import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { replaceStatus } from '../../modules/metallb/src/store/json-patch.ts';
import { type ManifestDirectory, testIn } from '../support/manifest-directory.ts';
import { childObject } from '../support/objects.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

const CHILDREN = { kind: CHILD_KIND } as const;
const ANNOUNCER = { node: 'n1', since: '2024-01-01T00:00:00Z', reason: 'Takeover', recentMoves: 1 };

testIn(
  'what a node says of one object is written and read without all others',
  async (directory) => {
    const controller = await directory.controller();
    const node = await directory.node('n1');
    const atNode = new WatchRecorder(node, CHILDREN);
    await atNode.next('listed');
    const names = Array.from({ length: 500 }, (_, index) => `c${index}`);
    for (const name of names) {
      await controller.write({ do: 'create', object: childObject(name) });
    }
    await atNode.changed('default/c499');
    const children = (await new WatchRecorder(node, CHILDREN).next('listed')).objects;
    const say = (child: KubernetesObject) => {
      const ref = { ...child.metadata, kind: CHILD_KIND } as const;
      const patch = replaceStatus(child, { announcer: ANNOUNCER });
      return node.write({ do: 'patch', ref, subresource: 'status', patch });
    };
    await Promise.all(children.slice(1).map(say));
    const before = filesOf(directory, 'n1');
    assert.ok(before.size > 100, `${before.size} files`);
    await Promise.all(children.slice(0, 1).map(say));
    const after = filesOf(directory, 'n1');
    const written = [...after].filter(([name, inode]) => before.get(name) !== inode);
    assert.is(written.length, 1);
    const [name = ''] = written[0] ?? [];
    assert.ok(directory.read(`.state/nodes/n1/${name}`).split('"uid"').length < 20);
  },
);

function filesOf(directory: ManifestDirectory, node: string): Map<string, number> {
  const path = join(directory.path, '.state/nodes', node);
  return new Map(readdirSync(path).map((name) => [name, statSync(join(path, name)).ino]));
}

test.run();
