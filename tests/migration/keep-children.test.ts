import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook } from '../../modules/metallb/hooks/upgrade/keep-children.ts';
import { child, patched } from '../support/cluster-objects.ts';
import { renderedChild } from './deckhouse-objects.ts';
import { beforeHelm } from './upgrade-contexts.ts';

const rendered = renderedChild('nginx-ingress-0', { service: 'nginx', node: 'lb-1' });

test('a child that Helm rendered is told to stay, once', () => {
  const after = patched(rendered, hook.handle(beforeHelm(rendered), 0));
  assert.is(after.metadata.annotations?.['helm.sh/resource-policy'], 'keep');
  assert.is(after.metadata.annotations?.['metallb.io/address-pool'], 'ingress');
  assert.equal(hook.handle(beforeHelm(after), 0), []);
});

test('a child of the controller needs no word', () => {
  const own = child('web-ingress-0', { service: 'web', className: 'ingress' });
  assert.equal(hook.handle(beforeHelm(own), 0), []);
});

test('the hooks of the upgrade run before Helm, children and classes first', async () => {
  const order = await Promise.all(
    ['keep-children', 'generate-classes', 'adopt-addresses', 'migrate-bgp'].map(async (name) => {
      const { hook: one } = await import(`../../modules/metallb/hooks/upgrade/${name}.ts`);
      return [name, one.config.beforeHelm];
    }),
  );
  assert.equal(order, [
    ['keep-children', 1],
    ['generate-classes', 5],
    ['adopt-addresses', 10],
    ['migrate-bgp', 10],
  ]);
});

test.run();
