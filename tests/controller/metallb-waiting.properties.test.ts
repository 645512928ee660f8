import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { asked, ORIGIN, wanted } from '../support/convergence.ts';
import {
  dualStack,
  ipAddressPool,
  l2Advertisement,
  plainService,
} from '../support/metallb-objects.ts';

const KEY = { 'metallb.io/allow-shared-ip': 'key' };
const IPS = ['192.0.2.1', '192.0.2.2', '198.51.100.1', '2001:db8::1'];

/** Of a few addresses each, so that most wishes are in somebody's way. */
const pools: fc.Arbitrary<KubernetesObject> = fc.oneof(
  fc
    .record({
      addresses: fc.constantFrom(['192.0.2.1'], ['192.0.2.1-192.0.2.2'], ['192.0.2.2']),
      autoAssign: fc.boolean(),
    })
    .map(({ addresses, autoAssign }) => ipAddressPool('a', addresses, { spec: { autoAssign } })),
  fc
    .record({
      addresses: fc.subarray(['198.51.100.1', '2001:db8::1', '2001:db8::2'], { minLength: 1 }),
      priority: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    })
    .map(({ addresses, priority }) => {
      const serviceAllocation = priority === undefined ? undefined : { priority };
      return ipAddressPool('b', addresses, { spec: { serviceAllocation } });
    }),
);

const services: fc.Arbitrary<KubernetesObject> = fc
  .record({
    name: fc.constantFrom('u', 'v', 'w'),
    pool: fc.constantFrom({}, asked('a'), asked('b')),
    ip: fc.oneof(fc.constant({}), fc.constant({}), fc.constantFrom(...IPS).map(wanted)),
    sharing: fc.constantFrom({}, KEY),
    port: fc.constantFrom(80, 443),
    policy: fc.constantFrom(
      'SingleStack',
      'SingleStack',
      'SingleStack',
      'PreferDualStack',
      'RequireDualStack',
    ),
  })
  .map(({ name, pool, ip, sharing, port, policy }) => {
    const families = policy === 'SingleStack' ? {} : dualStack(policy as 'PreferDualStack');
    const spec = { ...families, ports: [{ port, protocol: 'TCP' }] };
    return plainService(name, { annotations: { ...pool, ...ip, ...sharing }, spec });
  });

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: services.map((object) => ({ put: object, remove: undefined })) },
    { weight: 2, arbitrary: pools.map((object) => ({ put: object, remove: undefined })) },
    { weight: 2, arbitrary: services.map((object) => ({ put: undefined, remove: object })) },
    { weight: 1, arbitrary: pools.map((object) => ({ put: undefined, remove: object })) },
  ),
  { minLength: 12, maxLength: 24, size: 'max' },
);

test('whatever happened before, a controller that starts gives nobody another IP: nobody waits for what is free', async () => {
  const property = fc.asyncProperty(steps, async (history) => {
    const bench = new ControllerBench([node('n1'), l2Advertisement('all')]);
    await bench.settle();
    for (const { put, remove } of history) {
      if (put !== undefined) bench.change(put, ORIGIN);
      else if (remove !== undefined) bench.remove(remove);
      await bench.settle();
    }
    const given = () =>
      bench.store
        .list('Service')
        .map(({ metadata: { name } }) => `${name} ${bench.ips(name).join()}`)
        .sort();
    const before = given();
    await bench.restart();
    assert.equal(given(), before);
  });
  await fc.assert(property, { numRuns: 60 });
});

test.run();
