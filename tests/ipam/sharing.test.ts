import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Sharing, sharingRefusal } from '../../modules/metallb/src/ipam/sharing.ts';

const user: Sharing = { key: 'dns', backend: '', ports: ['TCP/53', 'TCP/443'] };

const rows: readonly [
  name: string,
  newcomer: Sharing | undefined,
  user: Sharing | undefined,
  expected: string,
][] = [
  ['equal keys and other ports share', { ...user, ports: ['UDP/53'] }, user, 'shares'],
  [
    'the same number under another protocol is another port',
    { ...user, ports: ['SCTP/443'] },
    user,
    'shares',
  ],
  [
    'equal pods behind externalTrafficPolicy Local share',
    { ...user, backend: 'app=a', ports: [] },
    { ...user, backend: 'app=a' },
    'shares',
  ],
  [
    'one port in common is enough to refuse',
    { ...user, ports: ['TCP/80', 'TCP/443'] },
    user,
    'sharing-refused',
  ],
  ['other pods are refused', { ...user, backend: 'app=a', ports: [] }, user, 'sharing-refused'],
  ['another key is refused', { ...user, key: 'web', ports: [] }, user, 'sharing-refused'],
  ['a newcomer without a key is refused', undefined, user, 'requested-ip-in-use'],
  [
    'a newcomer with an empty key is refused',
    { ...user, key: '', ports: [] },
    user,
    'requested-ip-in-use',
  ],
  ['a user without a key refuses', user, undefined, 'requested-ip-in-use'],
  [
    'two empty keys are no agreement',
    { ...user, key: '', ports: [] },
    { ...user, key: '' },
    'requested-ip-in-use',
  ],
];

for (const [name, newcomer, present, expected] of rows) {
  test(name, () => {
    assert.is(sharingRefusal(newcomer, present)?.reason ?? 'shares', expected);
  });
}

test.run();
