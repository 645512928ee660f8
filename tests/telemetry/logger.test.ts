import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger, type Facts } from '../../modules/metallb/src/telemetry/logger.ts';

function logged(facts: Facts): Record<string, unknown> {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  createLogger({ program: 'wire', level: 'info', destination }).info('message', facts);
  const [{ level, time, program, msg, ...rest }] = lines.map((line) => JSON.parse(line));
  assert.equal([level, program, msg], ['info', 'wire', 'message']);
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  return rest;
}

const CASES: readonly (readonly [name: string, facts: Facts, expected: object])[] = [
  ['facts stand beside the message', { ip: '192.0.2.1', n: 2 }, { ip: '192.0.2.1', n: 2 }],
  [
    'secret facts are blotted out',
    { password: 'p', clientSecret: 's', heartbeatKey: 'k', secretName: 'n' },
    {
      password: '[redacted]',
      clientSecret: '[redacted]',
      heartbeatKey: '[redacted]',
      secretName: '[redacted]',
    },
  ],
  [
    'at any depth',
    { peers: [{ peer: 'a', password: 'p' }], options: { apiKey: 'k', level: 1 } },
    {
      peers: [{ peer: 'a', password: '[redacted]' }],
      options: { apiKey: '[redacted]', level: 1 },
    },
  ],
  ['a name that merely holds "key" is not a secret', { keyId: 'ab' }, { keyId: 'ab' }],
  ['a key by itself names what is worked on', { key: 'default/web' }, { key: 'default/web' }],
  [
    'an error is told with its causes',
    { error: new Error('outer', { cause: new Error('inner', { cause: 'root' }) }) },
    { error: 'outer: inner: root' },
  ],
];
for (const [name, facts, expected] of CASES) {
  test(name, () => {
    assert.equal(logged(facts), expected);
  });
}

test('lines below the level are not written; facts of the logger stand in every line', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const log = createLogger({ program: 'wire', level: 'warn', destination }).with({
    interface: 'eth0',
    password: 'p',
  });
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.error('d', { ip: '192.0.2.1' });
  const written = lines.map((line) => JSON.parse(line));
  assert.equal(
    written.map((line) => [line.level, line.msg, line.interface, line.password]),
    [
      ['warn', 'c', 'eth0', '[redacted]'],
      ['error', 'd', 'eth0', '[redacted]'],
    ],
  );
});

test.run();
