import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { ManifestDirectory } from '../support/manifest-directory.ts';
import { serviceObject } from '../support/objects.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

const OBJECTS = 2_000;
const SPEC = {
  type: 'LoadBalancer',
  ports: [{ port: 80, protocol: 'TCP' }],
  selector: { app: 'x' },
};

/** Figures are for people: what a loaded machine makes of them proves nothing. */
async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await run();
  process.stdout.write(`  ${what}: ${Math.round(performance.now() - start)} ms\n`);
  return result;
}

test(`${OBJECTS} objects are listed by controller and node, and one change is one change`, async () => {
  const directory = new ManifestDirectory();
  try {
    const text = stringify(serviceObject('NAME', SPEC));
    for (let index = 0; index < OBJECTS; index += 1) {
      directory.write(`${index % 100}/${index}.yaml`, text.replace('NAME', `s${index}`));
    }
    await timed('first start of the controller', () => directory.controller());
    const node = await timed('start of a node', () => directory.node('n1'));
    const watch = new WatchRecorder(node, { kind: 'Service' });
    assert.is((await watch.next('listed')).objects.length, OBJECTS);
    await timed('one edit until the node knows', async () => {
      directory.write('42/42.yaml', serviceObject('s42', { ...SPEC, type: 'ClusterIP' }));
      await watch.changed('default/s42');
    });
    assert.equal(watch.drain(), []);
  } finally {
    await directory.cleanup();
  }
});

test.run();
