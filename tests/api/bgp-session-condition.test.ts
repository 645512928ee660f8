import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  conditionOfSession,
  sessionOfCondition,
  type ToldSession,
} from '../../modules/metallb/src/api/bgp-session-condition.ts';

const AT = { peer: 'tor', neighbor: '172.16.1.1', since: '2026-01-01T00:00:00Z' };
const TYPE = 'bgp.network.deckhouse.io/tor';

const ROWS: [name: string, told: ToldSession, said: string][] = [
  ['that is up', { ...AT, prefixes: 12, why: '' }, 'True/Established: 172.16.1.1: 12 prefixes'],
  [
    'that tells nothing',
    { ...AT, prefixes: 0, why: '' },
    'True/Established: 172.16.1.1: 0 prefixes',
  ],
  [
    'that lacks a family',
    { ...AT, prefixes: 3, why: 'no IPv6; see the router' },
    'True/Established: 172.16.1.1: 3 prefixes; no IPv6; see the router',
  ],
  [
    'that is down',
    { ...AT, prefixes: undefined, why: 'no answer: is it there?' },
    'False/BgpSessionDown: 172.16.1.1: no answer: is it there?',
  ],
  [
    'over IPv6',
    { ...AT, neighbor: '2001:db8::1', prefixes: 1, why: '' },
    'True/Established: 2001:db8::1: 1 prefixes',
  ],
  [
    'that is down, whose router speaks of prefixes',
    { ...AT, prefixes: undefined, why: '7 prefixes are too many' },
    'False/BgpSessionDown: 172.16.1.1: 7 prefixes are too many',
  ],
];
for (const [name, told, said] of ROWS) {
  test(`a session ${name} is a condition, and is read from it again`, () => {
    const condition = conditionOfSession(told);
    const { type, status, reason, message } = condition;
    assert.equal([type, `${status}/${reason}: ${message}`], [TYPE, said]);
    assert.equal(sessionOfCondition(condition), told);
  });
}

test('any other condition is about no session', () => {
  const other = conditionOfSession({ ...AT, prefixes: 1, why: '' });
  assert.is(sessionOfCondition({ ...other, type: 'configReconcilerValid' }), undefined);
});

test.run();
