import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { child, classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const CLASS = classOf('c', { isDefault: true });
const numberAndIp = (line: string) => line.split(' ').slice(0, 2).join(' ');

test('IPs follow the numbers of the children, in whatever order their creations come back', async () => {
  const bench = new ControllerBench([CLASS, node('n1')]);
  const write = bench.store.write.bind(bench.store);
  let turns = 20;
  bench.store.write = async (operation) => {
    const written = await write(operation);
    turns -= 5;
    for (let turn = 0; turn < turns; turn += 1) await undefined;
    return written;
  };
  bench.store.put(service('nginx', { count: 3 }));
  await bench.settle();
  const expected = ['nginx-c-0 192.0.2.10', 'nginx-c-1 192.0.2.11', 'nginx-c-2 192.0.2.12'];
  assert.equal(bench.children().map(numberAndIp), expected);
});

test('IPs follow the numbers of the children, in whatever order a watch tells of them', async () => {
  const children = ['nginx-c-10', 'nginx-c-2', 'nginx-c-0'].map((name) =>
    child(name, { service: 'nginx', className: 'c' }),
  );
  const objects = [CLASS, node('n1'), service('nginx', { count: 11 }), ...children];
  const bench = new ControllerBench(objects, 'shell-operator');
  await bench.settle();
  const expected = ['nginx-c-0 192.0.2.10', 'nginx-c-10 192.0.2.12', 'nginx-c-2 192.0.2.11'];
  assert.equal(bench.children().map(numberAndIp), expected);
});

test.run();
