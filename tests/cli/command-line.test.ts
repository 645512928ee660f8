import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Command, readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';

const STORE = { kind: 'manifests', directory: '/m' } as const;

const understood: [string, Command][] = [
  [
    'status --store manifests:/m',
    { verb: 'status', output: 'text', store: STORE, subject: undefined },
  ],
  [
    'status 192.0.2.10 -o json --store=manifests:/m',
    { verb: 'status', output: 'json', store: STORE, subject: '192.0.2.10' },
  ],
  [
    'dns shop/web --store manifests:/m',
    {
      verb: 'dns',
      output: 'text',
      store: STORE,
      service: 'shop/web',
      name: undefined,
      ttlSeconds: 300,
    },
  ],
  [
    'dns web --store manifests:/m --name *.apps.example.com --ttl 60',
    {
      verb: 'dns',
      output: 'text',
      store: STORE,
      service: 'web',
      name: '*.apps.example.com',
      ttlSeconds: 60,
    },
  ],
  ['decode', { verb: 'decode', output: 'text', input: '-', heartbeatKeyFile: undefined }],
  ['decode -', { verb: 'decode', output: 'text', input: '-', heartbeatKeyFile: undefined }],
  [
    'decode 0200 0000 --heartbeat-key-file k',
    { verb: 'decode', output: 'text', input: '0200 0000', heartbeatKeyFile: 'k' },
  ],
  ['demo', { verb: 'demo' }],
];
for (const [line, command] of understood) {
  test(`mlb ${line}`, () => {
    assert.equal(readCommand(line.split(' '), {}), command);
  });
}

const refused: [string, string][] = [
  ['statsu', 'there is no verb statsu; did you mean status?'],
  ['frobnicate', 'there is no verb frobnicate; mlb --help lists them'],
  ['--store manifests:/m status', 'the verb comes first; mlb --help lists them'],
  [
    'status --store kubernets',
    '--store: expected manifests:DIRECTORY or kubernetes, not "kubernets"',
  ],
  ['status --store', '--store needs a value'],
  ['status a b --store manifests:/m', 'unknown argument b; mlb VERB --help lists what there is'],
  ['status --stor x', 'unknown argument stor; did you mean --store?'],
  ['dns web --tll 5', 'unknown argument tll; did you mean --ttl?'],
  ['status --tll 5', 'unknown argument tll; mlb VERB --help lists what there is'],
  ['status a store', 'unknown argument store; mlb VERB --help lists what there is'],
  ['status -o yaml --store manifests:/m', '--output: expected text or json, not "yaml"'],
  ['status --store manifests:/m --store manifests:/n', '--store is given more than once'],
  ['dns --store manifests:/m', 'a Service is missing: mlb dns SERVICE'],
  [
    'dns web --store manifests:/m --ttl soon',
    '--ttl: expected a whole number from 0 to 2147483647, not "soon"',
  ],
  [
    'dns web --store manifests:/m --name a..b',
    '--name: expected a domain name such as app.example.com, not "a..b"',
  ],
  [
    `dns web --store manifests:/m --name ${'a'.repeat(64)}.example`,
    `--name: expected a domain name such as app.example.com, not "${'a'.repeat(64)}.example"`,
  ],
];
for (const [line, sentence] of refused) {
  test(`mlb ${line}: ${sentence}`, () => {
    assert.throws(
      () => readCommand(line.split(' '), {}),
      (error: unknown) =>
        error instanceof UsageError && assert.is(error.message, sentence) === undefined,
    );
  });
}

test('the environment says where the store is, and a flag wins over it', () => {
  const env = { METALLB_STORE: 'manifests:/env' };
  const directoryOf = (...argv: string[]) => {
    const command = readCommand(argv, env);
    return (
      command.verb === 'status' && command.store.kind === 'manifests' && command.store.directory
    );
  };
  assert.is(directoryOf('status'), '/env');
  assert.is(directoryOf('status', '--store', 'manifests:/m'), '/m');
  const command = readCommand(['status'], {});
  assert.is(command.verb === 'status' && command.store.kind, 'kubernetes', 'as kubectl would');
});

test('without a verb, and with --help, every verb is listed', () => {
  for (const argv of [[], ['--help'], ['-h'], ['help']]) {
    const command = readCommand(argv, {});
    const text = command.verb === 'help' ? command.text : '';
    for (const verb of ['status', 'dns', 'decode', 'demo']) assert.match(text, `mlb ${verb}`);
  }
});

test('the help of a verb names its options', () => {
  for (const help of ['--help', '-h']) {
    const command = readCommand(['dns', help], {});
    assert.match(command.verb === 'help' ? command.text : '', '--ttl');
  }
});

test.run();
