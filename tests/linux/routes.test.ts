import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IpCommandError } from '../../modules/metallb/src/linux/ip-command.ts';
import {
  type RouteAnswer,
  readAnswers,
  readRuleMarks,
} from '../../modules/metallb/src/linux/routes.ts';

/** Recorded from `ip -force -json -batch -` of iproute2 6.1: seven questions, of which 2, 5 and 6 have no route. */
const STDOUT = `[{"dst":"192.0.2.5","from":"10.9.0.3","gateway":"10.9.0.254","dev":"eth0","flags":[],"cache":["redirect"],"iif":"eth0"}]
[{"type":"local","dst":"192.0.2.77","from":"10.9.0.3","dev":"lo","flags":[],"cache":["local"],"iif":"eth0"}]
[{"dst":"198.18.0.1","gateway":"10.8.0.254","dev":"mgmt0","prefsrc":"10.8.0.1","flags":[],"uid":65534,"cache":[]}]
[{"dst":"198.18.0.1","gateway":"10.9.0.254","dev":"eth0","table":"100","prefsrc":"10.9.0.1","flags":[],"mark":16,"uid":0,"cache":[]}]
`;
const STDERR = `RTNETLINK answers: No route to host
Command failed -:2
RTNETLINK answers: Network is unreachable
Command failed -:5
RTNETLINK answers: Invalid argument
Command failed -:6
`;
const out = (name: string): RouteAnswer => ({ kind: 'out', interface: name });

test('each question gets its answer, although the refused ones are told elsewhere', () => {
  assert.equal(readAnswers(7, STDOUT, STDERR), [
    out('eth0'),
    { kind: 'refused', reason: 'No route to host' },
    { kind: 'local' },
    out('mgmt0'),
    { kind: 'refused', reason: 'Network is unreachable' },
    { kind: 'refused', reason: 'Invalid argument' },
    out('eth0'),
  ]);
});

test('a route that drops is one that refuses', () => {
  const line = '[{"type":"blackhole","dst":"192.0.2.5","dev":"lo"}]\n';
  assert.equal(readAnswers(1, line, ''), [{ kind: 'refused', reason: 'blackhole' }]);
});

const unusable: [name: string, count: number, stdout: string, stderr: string][] = [
  ['an answer too few', 8, STDOUT, STDERR],
  ['an answer too many', 6, STDOUT, STDERR],
  ['what is no JSON', 1, 'Error: argument "x" is wrong\n', ''],
  ['what is no list', 1, '{}\n', ''],
  ['a route without interface', 1, '[{"dst":"192.0.2.5"}]\n', ''],
  ['an empty list', 1, '[]\n', ''],
];
for (const [name, count, stdout, stderr] of unusable) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => readAnswers(count, stdout, stderr),
      (error: unknown) => error instanceof IpCommandError,
    );
  });
}

test('marks are those of rules that look at one', () => {
  const rules = [
    { priority: 0, src: 'all', table: 'local' },
    { priority: 99, src: 'all', fwmark: '0x10', fwmask: '0x10', table: '100' },
    { priority: 100, src: 'all', fwmark: '0', table: '101' },
    { priority: 101, src: 'all', fwmark: 7, table: '102' },
    null,
  ];
  assert.equal(readRuleMarks(JSON.stringify(rules)), [16]);
  assert.equal(readRuleMarks(''), []);
});

test.run();
