import { test } from 'uvu';
import * as assert from 'uvu/assert';

import {
  ALL_ROUTERS,
  encodeRouterAdvertisement,
  encodeRouterSolicitation,
} from '../../modules/metallb/src/packet/router-discovery.ts';
import { mac } from '../support/addresses.ts';

const MAC = mac('02:00:00:00:05:01');

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

// Written down from RFC 4861 §4.1, §4.2 and §4.6.1.
test('an advertisement says who is there: no router for others, and all of it unspecified', () => {
  const [type, checksum, hopLimitAndFlags, lifetime] = ['8600', '0000', '0000', '0000'];
  const [reachable, retransmit, option] = ['00000000', '00000000', '0101020000000501'];
  assert.is(
    hex(encodeRouterAdvertisement(MAC)),
    type + checksum + hopLimitAndFlags + lifetime + reachable + retransmit + option,
  );
});

test('a solicitation, to all routers of the link', () => {
  assert.is(hex(encodeRouterSolicitation(MAC)), '85000000000000000101020000000501');
  assert.is(ALL_ROUTERS, 'ff02::2');
});

test.run();
