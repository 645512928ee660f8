import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readInterfaceSysctls } from '../../modules/metallb/src/linux/sysctl.ts';

function reader(files: Readonly<Record<string, string>>) {
  return (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
}

test('the higher of the two settings is in force', () => {
  const sysctls = readInterfaceSysctls(
    'eth0',
    reader({
      'ipv4/conf/all/rp_filter': '2\n',
      'ipv4/conf/eth0/rp_filter': '1\n',
      'ipv4/conf/all/arp_ignore': '0\n',
      'ipv4/conf/eth0/arp_ignore': '1\n',
      'ipv4/conf/all/arp_announce': '2\n',
      'ipv4/conf/eth0/arp_announce': '0\n',
      'ipv4/conf/all/src_valid_mark': '1\n',
      'ipv4/conf/eth0/src_valid_mark': '0\n',
      'ipv6/conf/eth0/forwarding': '1\n',
      'ipv6/conf/all/forwarding': '0\n',
    }),
  );
  assert.equal(sysctls, {
    rpFilter: 2,
    arpIgnore: 1,
    arpAnnounce: 2,
    srcValidMark: true,
    forwardsIpv6: true,
  });
});

test('a kernel without IPv6, or without the interface, has everything off', () => {
  const files = { 'ipv4/conf/all/rp_filter': 'nonsense' };
  assert.equal(readInterfaceSysctls('eth9', reader(files)), {
    rpFilter: 0,
    arpIgnore: 0,
    arpAnnounce: 0,
    srcValidMark: false,
    forwardsIpv6: false,
  });
});

test.run();
