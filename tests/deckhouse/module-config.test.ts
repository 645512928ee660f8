import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHART } from '../chart/chart-files.ts';
import { Converter } from './conversions.ts';
import { judge, type ModuleConfig, statusOf } from './module-config.ts';
import { readSchemas } from './schemas.ts';

const FOLDER = fileURLToPath(CHART);
const CONTRACT = {
  converter: new Converter(FOLDER),
  schemas: readSchemas(FOLDER),
  key: 'metallb',
};

function config(spec: ModuleConfig['spec']): ModuleConfig {
  return { metadata: { name: 'metallb' }, spec: { enabled: true, ...spec } };
}

const LAYER2 = { name: 'l2', protocol: 'layer2', addresses: ['192.0.2.0/24'] };
const BGP = { name: 'bgp', protocol: 'bgp', addresses: ['198.51.100.0/24'] };
const SPEAKER = { nodeSelector: { 'node-role.kubernetes.io/loadbalancer': '' } };

const REFUSED: readonly [what: string, spec: ModuleConfig['spec'], error: string][] = [
  [
    'settings without a version',
    { settings: { logLevel: 'debug' } },
    'spec.version is required when spec.settings are specified',
  ],
  [
    'a version that is not there yet',
    { version: 4, settings: {} },
    'spec.version=4 is unsupported. Use latest version 3, or one of previous versions: 2',
  ],
  [
    'a number that is too small',
    { version: 3, settings: { heartbeat: { intervalMs: 5 } } },
    'spec.settings are not valid (version 3): 1 error occurred: * metallb.heartbeat.intervalMs should be greater than or equal to 10',
  ],
  [
    'a setting that does not exist',
    { version: 3, settings: { heartbeats: {} } },
    'spec.settings are not valid (version 3): 1 error occurred: * metallb.heartbeats is a forbidden property',
  ],
  [
    'two mistakes at once, in an older version',
    { version: 2, settings: { holdDownMs: '10s', hookRunner: 'both' } },
    'spec.settings are not valid (version 2 converted to 3): 2 errors occurred: * metallb.holdDownMs must be of type integer: "string" * metallb.hookRunner should be one of [controller shell-operator]',
  ],
  [
    'a member that is missing',
    { version: 3, settings: { bgpPeers: [{ 'peer-address': '192.0.2.1', 'my-asn': 64500 }] } },
    'spec.settings are not valid (version 3): 1 error occurred: * metallb.bgpPeers.0.peer-asn is required',
  ],
  [
    'what fits none of the alternatives',
    { version: 3, settings: { addressPools: [{ ...BGP, addresses: ['anything'] }] } },
    'spec.settings are not valid (version 3): 1 error occurred: * "metallb.addressPools.0.addresses.0" must validate one and only one schema (oneOf). Found none valid',
  ],
  [
    'a limit for a switch that the other rate does not keep',
    { version: 3, settings: { announceRate: 10 } },
    'spec.settings are not valid (version 3): metallb.backgroundRate should be less than or equal to metallb.announceRate, or the port of a switch that is the reason for a low announceRate is shut all the same',
  ],
  [
    'a rate that is no number: the rule about both leaves that to the schema',
    { version: 3, settings: { announceRate: 'fast' } },
    'spec.settings are not valid (version 3): 1 error occurred: * metallb.announceRate must be of type integer: "string"',
  ],
  [
    'settings that no conversion can read',
    { version: 1, settings: { addressPools: 'all' } },
    'spec.settings conversion from version 1 to 3: jq: ',
  ],
];

for (const [what, spec, error] of REFUSED) {
  test(`refused: ${what}`, () => {
    const verdict = judge(config(spec), CONTRACT);
    const said = verdict.error ?? 'accepted';
    assert.is(error.endsWith('jq: ') ? said.slice(0, error.length) : said, error);
    assert.equal(statusOf(config(spec), verdict, CONTRACT.converter), {
      version: '',
      message: `Error: ${said}`,
    });
  });
}

const UPDATE = 'Update available, latest spec.settings schema version is 3';
const ACCEPTED: readonly [
  what: string,
  spec: ModuleConfig['spec'],
  expected: { readonly settings: unknown; readonly status: object; readonly warning?: RegExp },
][] = [
  ['nothing but that it is on', {}, { settings: undefined, status: { version: '3', message: '' } }],
  [
    'a version without settings, as in the example',
    { version: 2 },
    {
      settings: undefined,
      status: { version: '2', message: UPDATE },
      warning: /^spec\.version=2 is obsolete\. Please migrate/,
    },
  ],
  [
    'an unknown version without settings',
    { version: 9 },
    {
      settings: undefined,
      status: { version: '9', message: '' },
      warning: /^spec\.version=9 is unsupported/,
    },
  ],
  [
    'version 1: its pools are classes now, its speaker stays',
    { version: 1, settings: { addressPools: [LAYER2], speaker: SPEAKER } },
    {
      settings: { speaker: SPEAKER },
      status: { version: '1', message: UPDATE },
      warning: /obsolete/,
    },
  ],
  [
    'version 2 with BGP',
    { version: 2, settings: { addressPools: [LAYER2, BGP], logLevel: 'warn' } },
    {
      settings: { logLevel: 'warn' },
      status: { version: '2', message: UPDATE },
      warning: /obsolete/,
    },
  ],
  [
    'version 3, both rates low',
    { version: 3, settings: { announceRate: 10, backgroundRate: 10 } },
    {
      settings: { announceRate: 10, backgroundRate: 10 },
      status: { version: '3', message: '' },
    },
  ],
  [
    'a module that is off: nobody looks at its settings',
    { enabled: false, version: 3, settings: { heartbeats: {} } },
    { settings: { heartbeats: {} }, status: { version: '3', message: '' } },
  ],
];

for (const [what, spec, { settings, status, warning }] of ACCEPTED) {
  test(`accepted: ${what}`, () => {
    const verdict = judge(config(spec), CONTRACT);
    assert.is(verdict.error, undefined);
    assert.equal(verdict.settings, settings);
    assert.equal(statusOf(config(spec), verdict, CONTRACT.converter), status);
    if (warning === undefined) assert.is(verdict.warning, undefined);
    else assert.match(verdict.warning ?? 'no warning', warning);
  });
}

/** Sentences of the page's first table of errors; `…` stands for what is left out. */
const PAGE = new URL('../../docs/enable-in-deckhouse.md', import.meta.url);
const [, errors = ''] = readFileSync(PAGE, 'utf8').split('## Errors');
const rows = [...errors.matchAll(/^\| `(spec\.|… )(.+?)` \|/gm)];

for (const [, start = '', rest = ''] of rows) {
  const sentence = `${start}${rest}`.replaceAll(/^… |, …$/g, '').replace(/^\* /, '');

  test(`docs/enable-in-deckhouse.md shows what is said: ${sentence}`, () => {
    const said = REFUSED.map(([, , error]) => error);
    assert.ok(
      said.some((error) => error.includes(sentence)),
      said.join('\n'),
    );
  });
}

test('the page shows errors', () => {
  assert.ok(rows.length >= 5, `${rows.length}`);
});

test('56: from version 1 to 2 only the pool of BGP is left', () => {
  const converted = CONTRACT.converter.convert({ addressPools: [LAYER2, BGP] }, 1, 2);
  assert.equal(converted, { addressPools: [BGP] });
});

test.run();
