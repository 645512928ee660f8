import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ip } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const IP = '10.9.0.40';
const OTHER_SUBNET = { addresses: [ip('10.7.0.1')], subnets: ['10.7.0.1/24'] };

/** Who announces the IP. */
function announcers(lan: VirtualSegment): string[] {
  return [...lan.stations.values()]
    .filter(({ segment }) => segment.announcedIps().includes(ip(IP)))
    .map(({ name }) => name);
}

test('who loses its address in the subnet of an IP leaves it to others, and takes it back with the address', () => {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2');
  lan.duty(IP, 'n1', { bySubnet: true });
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(3_000);
  assert.equal(announcers(lan), ['n1']);
  const before = lan.link('n1');
  lan.stations.get('n1')?.segment.setAddresses({ ...before, ...OTHER_SUBNET });
  lan.run(500);
  assert.equal(announcers(lan), ['n2']);
  lan.stations.get('n1')?.segment.setAddresses(before);
  lan.run(500);
  assert.equal(announcers(lan), ['n1']);
});

test.run();
