import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { node, service } from '../support/cluster-objects.ts';
import { parseHookConfig } from './hook-config.ts';
import { findHooks } from './hook-files.ts';
import { HookMetrics } from './hook-metrics.ts';
import { parseOperations } from './object-operations.ts';
import { makeCommands } from './operator-image.ts';
import { asSnapshot } from './snapshots.ts';

const directory = mkdtempSync(join(tmpdir(), 'deckhouse-hooks-'));
const commands = makeCommands(join(directory, 'bin'));
const hooks = suite('hooks of a module');
hooks.after(() => rmSync(directory, { recursive: true }));

function folderWith(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(directory, name);
  mkdirSync(join(folder, 'hooks', 'lib'), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'hooks', file), text);
    chmodSync(join(folder, 'hooks', file), 0o755);
  }
  return folder;
}

const PLAIN = `#!/bin/sh
[ "$1" = --config ] && echo '{"configVersion":"v1","beforeHelm":5,"kubernetes":[]}'
`;
const batch = (count: number) => `#!/bin/sh
case "$1 $2" in
'hook list') echo 'Found ${count} items:' ;;
'hook config') echo '{"version":"v1","hooks":[{"configVersion":"v1","metadata":{"name":"a","path":"b"}}]}' ;;
esac
`;

hooks('are executables outside of lib; one without an extension is a batch', async () => {
  const files = { 'plain.mjs': PLAIN, batch: batch(1), 'lib/not-a-hook': 'nothing' };
  const found = await findHooks(folderWith('both', files), commands);
  assert.equal(
    found.map(({ name, config, command }) => [name, config.order, command.slice(1)]),
    [
      ['b:a', {}, ['hook', 'run', '0']],
      ['plain.mjs', { beforeHelm: 5 }, []],
    ],
  );
});

async function refusal(folder: string): Promise<string> {
  return findHooks(folder, commands).then(() => 'accepted', String);
}

hooks('are refused where they contradict themselves, fail or can’t be executed', async () => {
  assert.match(await refusal(folderWith('two', { batch: batch(2) })), /list and .* disagree/);
  const needsNode = '#!/usr/bin/env node\nconsole.log("{}")\n';
  assert.match(await refusal(folderWith('node', { 'a.mjs': needsNode })), /exit code 127: .*node/);
  const folder = folderWith('no-run-bit', { 'a.mjs': PLAIN });
  chmodSync(join(folder, 'hooks', 'a.mjs'), 0o644);
  assert.match(await refusal(folder), /EACCES/);
});

hooks('say what they watch in the words of either protocol', () => {
  const binding = { name: 'n', apiVersion: 'v1', kind: 'Node' };
  const parse = (more: object) =>
    parseHookConfig({ configVersion: 'v1', kubernetes: [{ ...binding, ...more }] }).bindings[0];
  assert.equal(parse({}), {
    ...{ ...binding, names: undefined, namespaces: undefined, jqFilter: undefined },
    mayFail: false,
    ...{ onEvent: true, onSynchronization: true, isWaitedFor: true },
  });
  for (const none of [[], false]) assert.is(parse({ executeHookOnEvent: none })?.onEvent, false);
  assert.is(parse({ executeHookOnEvent: ['Added'] })?.onEvent, true);
  assert.is(parse({ waitForSynchronization: false })?.isWaitedFor, false);
  assert.equal(parse({ nameSelector: { matchNames: ['n1'] } })?.names, ['n1']);
  const namespace = { nameSelector: { matchNames: ['a'] } };
  assert.equal(parse({ namespace })?.namespaces, ['a']);
  assert.throws(() => parse({ labelSelector: {} }), /does not know labelSelector/);
  assert.throws(() => parseHookConfig({ configVersion: 'v0' }), /expected configVersion v1/);
});

hooks('see what their filters leave, by namespace and name', () => {
  const binding = (
    jqFilter: string | undefined,
    names?: readonly string[],
    namespaces?: readonly string[],
  ) => ({
    ...{ name: 'n', apiVersion: 'v1', kind: 'Node', names, namespaces, jqFilter },
    ...{ onEvent: true, onSynchronization: true, isWaitedFor: true, mayFail: true },
  });
  const nodes = [node('n2'), node('n1', { a: 'b' })];
  const results = (filter: string) => asSnapshot(binding(filter), nodes);
  assert.equal(results('.metadata.name'), [{ filterResult: 'n1' }, { filterResult: 'n2' }]);
  assert.equal(results('empty'), [{ filterResult: null }, { filterResult: null }]);
  assert.equal(results('.kind, 1'), [{ filterResult: ['Node', 1] }, { filterResult: ['Node', 1] }]);
  assert.equal(asSnapshot(binding('.kind', ['n2']), nodes), [{ filterResult: 'Node' }]);
  assert.equal(asSnapshot(binding(undefined, ['n2']), nodes), [{ object: node('n2') }]);
  assert.equal(asSnapshot(binding('.kind'), []), []);
  const services = ['b', 'a'].map((namespace) => {
    return { ...service('z'), metadata: { ...service('z').metadata, namespace } };
  });
  const namespaces = (...wanted: [] | [string[]]) =>
    asSnapshot(binding('.metadata.namespace', undefined, ...wanted), services);
  assert.equal(namespaces(), [{ filterResult: 'a' }, { filterResult: 'b' }]);
  assert.equal(namespaces(['b']), [{ filterResult: 'b' }]);
  assert.throws(() => results('.['), /^jq: /);
});

hooks('ask for operations, of which one wrong spoils all', () => {
  const target = { apiVersion: 'v1', kind: 'Node', name: 'n1' };
  const item = { op: 'add', path: '/metadata/labels/a', value: '' };
  const right = [
    { operation: 'CreateIfNotExists', object: node('n1') },
    { operation: 'DeleteInBackground', ...target },
    { operation: 'JSONPatch', ...target, jsonPatch: [item] },
  ];
  const lines = (operations: readonly object[]) =>
    operations.map((operation) => `${JSON.stringify(operation)}\n`).join('');
  assert.equal(parseOperations(lines(right)), right);
  assert.equal(parseOperations(''), []);
  for (const wrong of [
    { operation: 'Apply', object: node('n1') },
    { operation: 'DeleteInBackground', kind: 'Node' },
    { operation: 'JSONPatch', ...target, jsonPatch: [{ op: 'remove', path: '/spec' }] },
  ]) {
    assert.throws(() => parseOperations(lines([...right, wrong])), /no operation that an operator/);
  }
});

hooks('measure groups anew each time', () => {
  const metrics = new HookMetrics();
  const set = (group: string, value: number) =>
    JSON.stringify({ group, action: 'set', name: 'm', labels: { l: `${value}` }, value });
  const expire = (group: string) => JSON.stringify({ group, action: 'expire' });
  metrics.apply([set('a', 1), set('a', 2), set('b', 3)].join('\n'));
  assert.equal(
    metrics.named('m').map(({ value }) => value),
    [1, 2, 3],
  );
  metrics.apply([expire('b'), set('a', 4), ''].join('\n'));
  assert.equal(metrics.named('m'), [{ name: 'm', labels: { l: '4' }, value: 4 }]);
  assert.equal(metrics.named('other'), []);
  assert.throws(() => metrics.apply('{"name":"m","action":"add","value":1}'), /expected a gauge/);
});

hooks.run();
