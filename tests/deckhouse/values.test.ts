import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeSchemas, withDefaults } from './schemas.ts';
import { mergeValues, moduleValues } from './values.ts';
import { parseValuesPatch, type ValuesOperation } from './values-patch.ts';

const SCHEMAS = makeSchemas(
  {
    type: 'object',
    'x-config-version': 3,
    properties: {
      mode: { type: 'string', default: 'of config-values' },
      rate: { type: 'integer', default: 1 },
      timing: {
        type: 'object',
        default: {},
        properties: { ms: { type: 'integer', default: 100 }, of: { type: 'integer', default: 3 } },
      },
    },
  },
  {
    'x-extend': { schema: 'config-values.yaml' },
    type: 'object',
    properties: {
      edition: { type: 'string', default: 'of values' },
      internal: {
        type: 'object',
        default: {},
        properties: { list: { type: 'array' } },
        'x-required-for-helm': ['list'],
      },
    },
  },
);

function valuesWith(
  sources: { statics?: object; settings?: object; patches?: ValuesOperation[] } = {},
): object {
  const { statics = {}, settings = {}, patches = [] } = sources;
  return moduleValues('m', {
    ...{ statics, schemas: SCHEMAS, patches, registry: { base: 'r' } },
    settings: settings as Readonly<Record<string, unknown>>,
  });
}

const DEFAULTS = {
  ...{ mode: 'of config-values', rate: 1, timing: { ms: 100, of: 3 } },
  ...{ edition: 'of values', internal: {}, registry: { base: 'r' } },
};

test('nothing set: the defaults of both files, at all depths, and the registry', () => {
  assert.equal(valuesWith(), DEFAULTS);
});

test('values.yaml wins over defaults, the ModuleConfig over values.yaml, hooks over all', () => {
  const statics = { mode: 'static', rate: 2, timing: { ms: 200, of: 5 }, edition: 'static' };
  assert.equal(valuesWith({ statics }), { ...DEFAULTS, ...statics });
  const settings = { mode: 'set', timing: { ms: 300 } };
  const merged = { ...DEFAULTS, ...statics, mode: 'set', timing: { ms: 300, of: 5 } };
  assert.equal(valuesWith({ statics, settings }), merged);
  const patches: ValuesOperation[] = [
    { op: 'add', path: '/m/mode', value: 'patched' },
    { op: 'add', path: '/m/internal/list', value: [1] },
    { op: 'remove', path: '/m/never' },
  ];
  assert.equal(valuesWith({ statics, settings, patches }), {
    ...{ ...merged, mode: 'patched', internal: { list: [1] } },
  });
});

test('lists are replaced, not joined', () => {
  assert.equal(mergeValues({ a: [1, 2], b: { c: 1 } }, { a: [3], b: { d: 2 } }), {
    a: [3],
    b: { c: 1, d: 2 },
  });
});

test('defaults reach the members of lists', () => {
  const peers = {
    type: 'array',
    items: { type: 'object', properties: { port: { type: 'integer', default: 179 } } },
  };
  const schema = { type: 'object', properties: { peers } };
  assert.equal(withDefaults({ peers: [{}, { port: 1 }] }, schema), {
    peers: [{ port: 179 }, { port: 1 }],
  });
});

test('x-extend brings settings and extensions, and neither root takes unknown members', () => {
  const { config, values } = SCHEMAS;
  assert.equal(Object.keys(values.properties ?? {}).sort(), [
    ...['edition', 'internal', 'mode', 'rate', 'timing'],
  ]);
  assert.is(values['x-config-version'], 3);
  assert.equal([config.additionalProperties, values.additionalProperties], [false, false]);
});

test('x-required-for-helm is required only when Helm renders', () => {
  const { values, helm } = SCHEMAS;
  assert.is(values.properties?.['internal']?.['required'], undefined);
  assert.equal(helm.properties?.['internal']?.['required'], ['list']);
});

test('patches of hooks are arrays or single operations, each under the key of the module', () => {
  const text = '[{"op":"add","path":"/m/a","value":1}]\n{"op":"remove","path":"/m/b"}\n';
  assert.equal(parseValuesPatch(text, 'm'), [
    { op: 'add', path: '/m/a', value: 1 },
    { op: 'remove', path: '/m/b' },
  ]);
  assert.equal(parseValuesPatch('', 'm'), []);
  for (const wrong of [
    '{"op":"replace","path":"/m/a","value":1}',
    '{"op":"add","path":"/global/a","value":1}',
    '{"op":"add","path":"/metallb","value":1}',
  ]) {
    assert.throws(() => parseValuesPatch(wrong, 'm'), /expected (?:op add or remove|a path)/);
  }
});

test.run();
