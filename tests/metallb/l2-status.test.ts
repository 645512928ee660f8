import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { l2StatusName, newL2Status } from '../../modules/metallb/src/metallb/l2-status.ts';
import { ip } from '../support/addresses.ts';

const WEB = { namespace: 'default', name: 'web', uid: 'u' };
const IPS = ['203.0.113.1', '203.0.113.2', '2001:db8::1'];

test('each IP of a Service has an object of its own, the same one whichever node announces it', () => {
  const namesOn = (node: string) =>
    IPS.map(
      (address) => newL2Status({ ...WEB, ip: ip(address) }, 'metallb-system', node).metadata.name,
    );
  assert.is(new Set(namesOn('n1')).size, IPS.length);
  assert.equal(namesOn('n2'), namesOn('n1'));
});

test('an IP that two Services share has an object for each of them', () => {
  const nameOf = (service: object) => l2StatusName({ ...WEB, ...service, ip: ip('203.0.113.1') });
  const names = [{}, { name: 'dns' }, { namespace: 'shop' }].map(nameOf);
  assert.is(new Set(names).size, names.length);
});

test.run();
