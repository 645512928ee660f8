import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ip } from '../support/addresses.ts';
import { names, usual } from '../support/board-fixture.ts';
import {
  assignedChild,
  childOf,
  publishedService,
  serviceOf,
  sliceOf,
} from '../support/cluster.ts';

test('an IP that the status of its Service does not name has no duty, and people are told why', () => {
  const fixture = usual();
  fixture.view.setService('default/web', serviceOf(publishedService('web', [])));
  assert.equal(names(fixture.update()), ['-192.0.2.1']);
  assert.equal(fixture.refusals, ['the status of Service default/web does not name it yet']);
  fixture.view.setService('default/web', serviceOf(publishedService('web', ['192.0.2.1'])));
  assert.equal(names(fixture.update()), ['192.0.2.1']);
});

test('a shared IP has its duty as soon as one of its Services names it', () => {
  const fixture = usual().set(assignedChild('web-udp', '192.0.2.1'));
  fixture.view.setService('default/web-udp', serviceOf(publishedService('web-udp', [])));
  fixture.update();
  assert.ok(fixture.board.table.duties.has(ip('192.0.2.1')));
});

test('a new IP that has to wait is not refused, and gets its duty when it is looked at again', () => {
  const fixture = usual();
  fixture.held.add('192.0.2.3');
  fixture.set(assignedChild('new', '192.0.2.3'));
  assert.equal(names(fixture.update()), []);
  assert.equal(fixture.refusals, []);
  fixture.held.clear();
  fixture.view.staleIps([ip('192.0.2.3')]);
  assert.equal(names(fixture.update()), ['192.0.2.3']);
});

test('an IP that has its duty waits for nothing when it changes', () => {
  const fixture = usual();
  fixture.held.add('192.0.2.1');
  fixture.set(assignedChild('web', '192.0.2.1', { preferredNode: 'n2' }));
  assert.equal(names(fixture.update()), ['192.0.2.1']);
});

test('with policy Local the health check port confirms, on nodes that have endpoints', () => {
  const fixture = usual();
  fixture.askedPorts.length = 0;
  const local = { externalTrafficPolicy: 'Local', healthCheckNodePort: 30_123 };
  for (const nodeName of ['n1', 'n2']) {
    const name = `from-${nodeName}`;
    fixture.set(sliceOf(name, [{ nodeName }]));
    fixture.view.setChild(name, childOf(assignedChild(name, '192.0.2.9', { policy: 'Local' })));
    fixture.view.setService(
      `default/${name}`,
      serviceOf(publishedService(name, ['192.0.2.9'], local)),
    );
    fixture.update();
    fixture.remove('Child', name);
    fixture.update();
  }
  assert.equal(fixture.askedPorts, [[30_123], []]);
});

test.run();
