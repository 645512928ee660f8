import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listWithoutBlanks } from '../../modules/metallb/src/manifests/list-without-blanks.ts';

const FILE = `kind: IPAddressPool
spec:
  addresses:
  - 192.168.10.0/24
---
kind: BGPAdvertisement
metadata:
  name: local
spec:
  # all of it
  ipAddressPools:
  -bgp-pool
  peers:
    -tor
`.split('\n');

test('an item without a blank is named with its field, and what would be right', () => {
  assert.is(
    listWithoutBlanks(FILE, 12),
    'spec.ipAddressPools: "-bgp-pool" is a word: expected "- bgp-pool", with a blank, for an item of a list',
  );
  assert.match(listWithoutBlanks(FILE, 14) ?? '', /^spec\.peers: "-tor" is a word/);
});

test('anything else is for the parser to say', () => {
  assert.is(listWithoutBlanks(FILE, 4), undefined, 'a right one');
  assert.is(listWithoutBlanks(FILE, 5), undefined, 'the end of a document');
  assert.is(listWithoutBlanks(FILE, 99), undefined, 'no line of it');
});

test.run();
