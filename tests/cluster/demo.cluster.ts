import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { tryRun } from '../../lab/exec.ts';
import type { ClusterScenario } from './cluster-scenario.ts';

const STORY = join(import.meta.dirname, '..', '..', 'lab', 'demo.ts');
/** Another lab that measures may hold the lock for a while. */
const DEADLINE_MS = 600_000;

function play(store: string) {
  return tryRun([process.execPath, '--import', 'tsx', STORY, `--store=${store}`]);
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'demo/kubernetes: the story is told to its end with helm and kubectl',
    deadlineMs: DEADLINE_MS,
    isLong: true,
    locksItself: true,
    play: async () => {
      const { code, stdout, stderr } = await play('kubernetes');
      assert.is(code, 0, `${stdout}\n${stderr}`);
      for (const seen of ['kubectl get service', 'service/nginx created', 'no request lost']) {
        assert.match(stdout, seen);
      }
    },
  },
  {
    name: 'demo/unknown-store: a story that can not be told fails, and says why',
    play: async () => {
      const { code, stderr } = await play('stone-tablets');
      assert.is(code, 1);
      assert.match(stderr, 'STORE=stone-tablets: the story is told of manifests and kubernetes');
    },
  },
];
