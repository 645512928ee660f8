import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments, parseDocument } from 'yaml';
import { parseIpAddressPool } from '../../modules/metallb/src/api/ip-address-pool.ts';
import { parseL2Advertisement } from '../../modules/metallb/src/api/l2-advertisement.ts';
import { type Command, readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { CommandFailure } from '../../modules/metallb/src/cli/failure.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';
import { isAsExpected } from '../chart/expected-file.ts';
import { type PlayedCommand, playCommand } from '../support/played-command.ts';

const FOLDER = new URL('../golden/metallb-config-map/', import.meta.url);
const ANSWER = '.converted.yaml';
const names = readdirSync(FOLDER)
  .filter((file) => !file.endsWith(ANSWER))
  .map((file) => file.replace(/\.yaml$/, ''));

const source = (name: string) => readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8');

test('there are ConfigMaps to convert', () => {
  assert.equal(names, ['bgp-alone', 'every-field', 'half-wrong', 'names', 'yaml-1.1']);
});

for (const name of names) {
  test(`${name}: says in MetalLB's API what the ConfigMap says, and tells what not`, async () => {
    const { code, printed, complaints } = await playCommand(['convert'], source(name));
    const told = complaints.map((line) => `# mlb: ${line}\n`).join('');
    isAsExpected(new URL(`${name}${ANSWER}`, FOLDER), `${printed}${told}# exit code ${code}\n`);
  });

  test(`${name}: what is written reads the same to what knows YAML 1.1 alone`, async () => {
    const { printed } = await playCommand(['convert'], source(name));
    const asJson = await playCommand(['convert', '-o', 'json'], source(name));
    const documents = parseAllDocuments(printed, { version: '1.1' }).map((one) => one.toJS());
    assert.equal(documents, JSON.parse(asJson.printed).items);
    assert.equal(asJson.complaints, (await playCommand(['convert'], source(name))).complaints);
  });

  test(`${name}: the controller and the speaker understand the objects`, async () => {
    const { printed } = await playCommand(['convert', '-o', 'json'], source(name));
    let read = 0;
    for (const object of JSON.parse(printed).items) {
      const parsers = { IPAddressPool: parseIpAddressPool, L2Advertisement: parseL2Advertisement };
      const parse = parsers[object.kind as keyof typeof parsers];
      if (parse === undefined) continue;
      const parsed = parse(object);
      assert.equal(parsed.ok ? [] : parsed.problems, []);
      read += 1;
    }
    assert.ok(read > 0);
  });
}

test('no password is in any complaint', async () => {
  const { complaints } = await playCommand(['convert'], source('half-wrong'));
  assert.ok(complaints.some((line) => line.includes('peers[3].pasword')));
  assert.ok(complaints.some((line) => line.includes('peers[2].password')));
  for (const line of complaints) assert.not.match(line, /hunter2|12345/);
  const flat = await playCommand(['convert', '--only-data'], 'peers: {password: hunter2}');
  assert.equal(flat.complaints.slice(0, 1), [
    'stdin: peers is {"password":"(not shown)"}: expected a list',
  ]);
});

const bare = String(parseDocument(source('every-field')).getIn(['data', 'config']));

test('the config text alone says the same as the ConfigMap', async () => {
  const whole = await playCommand(['convert'], source('every-field'));
  const alone = await playCommand(['convert', '--only-data'], bare);
  assert.equal(alone, whole);
});

test('the objects go to another namespace, their Secrets too', async () => {
  const { printed } = await playCommand(['convert', '-n', 'd8-metallb'], source('every-field'));
  assert.not.match(printed, 'metallb-system');
  assert.match(printed, /passwordSecret:\n {4}name: peer2-password\n {4}namespace: d8-metallb\n/);
});

async function failure(played: Promise<PlayedCommand>): Promise<string> {
  const error = await played.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.instance(error, CommandFailure);
  return error instanceof Error ? error.message : '';
}

const refusedInputs: [string, string[], string, string][] = [
  [
    'another object',
    [],
    'kind: Secret\ndata: {config: x}',
    'stdin: expected a ConfigMap with the key config; for its text alone, there is --only-data',
  ],
  [
    'two of them',
    [],
    `${source('bgp-alone')}---\n${source('every-field')}`,
    'stdin: expected one ConfigMap with the key config, not ConfigMap/metallb/config and ConfigMap/metallb-system/config',
  ],
  [
    'a text that is no YAML',
    [],
    'kind: ConfigMap\nmetadata: {name: config}\ndata:\n  config: |\n    peers: [}',
    'ConfigMap/metallb-system/config:1: ',
  ],
  ['a file that is not there', ['/does/not/exist'], '', "can't read /does/not/exist: "],
];
for (const [name, args, input, expected] of refusedInputs) {
  test(`${name} is a failure that says what is expected`, async () => {
    const message = await failure(playCommand(['convert', ...args], input));
    assert.ok(message.startsWith(expected), message);
  });
}

test('a ConfigMap that says nothing gives nothing, and that is said', async () => {
  const played = await playCommand(['convert', '--only-data'], '{}');
  assert.equal(played, {
    code: 0,
    printed: '# Written by mlb convert from stdin.\n',
    complaints: ['there is nothing to convert'],
  });
});

const understood: [string, Command][] = [
  [
    'convert',
    { verb: 'convert', output: 'text', input: '-', onlyData: false, namespace: undefined },
  ],
  [
    'convert old.yaml --only-data -n metallb -o json',
    { verb: 'convert', output: 'json', input: 'old.yaml', onlyData: true, namespace: 'metallb' },
  ],
];
for (const [line, command] of understood) {
  test(`mlb ${line}`, () => {
    assert.equal(readCommand(line.split(' '), {}), command);
  });
}

test('a namespace that can not be is refused', () => {
  const read = () => readCommand(['convert', '-n', 'Metal LB'], {});
  assert.throws(read, (error: unknown) => error instanceof UsageError);
});

test.run();
