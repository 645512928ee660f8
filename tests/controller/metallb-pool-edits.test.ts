import { test } from 'uvu';
import { asked, type Convergence, DUAL, PUBLIC, playConvergence } from '../support/convergence.ts';
import { ipAddressPool, plainService } from '../support/metallb-objects.ts';

const REASSIGN = { metallbPoolPolicy: 'Reassign' } as const;

/** An edit of pools takes nothing away, unless that is what was chosen: then it does what MetalLB does. */
const rows: readonly Convergence[] = [
  {
    name: 'a pool grows: the IP stays',
    before: [PUBLIC, plainService('web')],
    change: [ipAddressPool('public', ['192.0.2.0/24'])],
    ips: ['192.0.2.10'],
    from: 'public',
  },
  {
    name: 'a pool is split: the IP stays, and the annotation names where it is now',
    before: [PUBLIC, plainService('web')],
    change: [ipAddressPool('public', ['192.0.2.11']), ipAddressPool('first', ['192.0.2.10'])],
    ips: ['192.0.2.10'],
    from: 'first',
  },
  {
    name: 'a pool shrinks: the IP stays, and a condition says so',
    before: [PUBLIC, plainService('web')],
    change: [ipAddressPool('public', ['192.0.2.11'])],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'ips-in-pool=False: 192.0.2.10 is not in pool public any more; it stays assigned',
  },
  {
    name: 'a pool shrinks where pools reassign: another IP',
    options: REASSIGN,
    before: [PUBLIC, plainService('web')],
    change: [ipAddressPool('public', ['192.0.2.11'])],
    ips: ['192.0.2.11'],
    from: 'public',
    event: 'Service/web Normal ClearAssignment: 192.0.2.10 released',
  },
  {
    name: 'the last pool goes where pools reassign: no IP',
    options: REASSIGN,
    before: [PUBLIC, plainService('web')],
    removed: [PUBLIC],
    ips: [],
    event: 'Service/web Normal ClearAssignment: 192.0.2.10 released',
  },
  {
    name: 'a pool is for others now: the IP stays, and a condition says so',
    before: [PUBLIC, plainService('web')],
    change: [
      ipAddressPool('public', ['192.0.2.10-192.0.2.11'], {
        spec: { serviceAllocation: { namespaces: ['theirs'] } },
      }),
      DUAL,
    ],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'ips-in-pool=False: 192.0.2.10 is in pool public, and this Service is for pool dual; it stays assigned',
  },
  {
    name: 'a pool is for others now where pools reassign: an IP of another pool',
    options: REASSIGN,
    before: [PUBLIC, plainService('web')],
    change: [
      ipAddressPool('public', ['192.0.2.10-192.0.2.11'], {
        spec: { serviceAllocation: { namespaces: ['theirs'] } },
      }),
      DUAL,
    ],
    ips: ['198.51.100.1'],
    from: 'dual',
  },
  {
    name: 'another priority moves nobody, also where pools reassign',
    options: REASSIGN,
    before: [PUBLIC, DUAL, plainService('web', { annotations: asked('public') })],
    change: [
      ipAddressPool('dual', ['198.51.100.1', '2001:db8::1'], {
        spec: { serviceAllocation: { priority: 1 } },
      }),
      plainService('web'),
    ],
    ips: ['192.0.2.10'],
    from: 'public',
  },
];

for (const row of rows) test(row.name, () => playConvergence(row));

test.run();
