import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { describeProblem } from '../../modules/metallb/src/api/problem.ts';
import { shownObjects } from '../../modules/metallb/src/legacy/shown-objects.ts';
import { playCommand } from '../support/played-command.ts';

const MADE = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

/** What a program that reads the ConfigMap sees of it: specs by kind and name, and what is wrong. */
function read(config: string) {
  const { objects, problems } = shown(config);
  const specs = objects.map(({ kind, metadata, spec }) => [`${kind} ${metadata.name}`, spec]);
  const told = problems.map((one) => `${one.object}: ${describeProblem(one)}`);
  return { specs: Object.fromEntries(specs) as Record<string, Spec | undefined>, told };
}
function shown(config: string) {
  const metadata = { namespace: 'default', name: 'config', ...MADE };
  return shownObjects({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { config } });
}

type Spec = Readonly<Record<string, unknown>>;

const pool = (more: string) =>
  `address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/28], ${more}}]`;
const peer = (more: string) =>
  `peers: [{my-asn: 64512, peer-asn: 64513, peer-address: 192.0.2.1, ${more}}]`;

const FLAGS: readonly (readonly [meaning: boolean | undefined, spellings: string])[] = [
  [true, 'true True TRUE yes Yes YES on On ON y Y'],
  [false, 'false False FALSE no No NO off Off OFF n N'],
  [undefined, 'null ~'],
];
for (const [meaning, spellings] of FLAGS) {
  for (const spelling of spellings.split(' ')) {
    test(`auto-assign: ${spelling} is ${meaning ?? 'not said'}`, () => {
      const { specs, told } = read(pool(`auto-assign: ${spelling}`));
      assert.equal(told, []);
      assert.ok(specs['IPAddressPool a']);
      assert.is(specs['IPAddressPool a']?.['autoAssign'], meaning);
    });
  }
}

const NO_FLAGS: readonly (readonly [written: string, told: string])[] = [
  ['"no"', 'is "no": expected true or false, without quotes'],
  ["'true'", 'is "true": expected true or false, without quotes'],
  ['"never"', 'is "never": expected true or false'],
  ['nO', 'is "nO": expected true or false'],
  ['0', 'is 0: expected true or false'],
  ['[no]', 'is [false]: expected true or false'],
];
for (const [written, expected] of NO_FLAGS) {
  test(`auto-assign: ${written} is no flag, and the pool is for nobody`, () => {
    const { specs, told } = read(pool(`auto-assign: ${written}`));
    assert.equal(told, [`ConfigMap/default/config: address-pools[0][auto-assign] ${expected}`]);
    assert.equal(specs, {});
  });
}

const TEXTS: readonly (readonly [written: string, meaning: string | undefined])[] = [
  ['12345', '12345'],
  ['0123', '0123'],
  ['0x1F', '0x1F'],
  ['1_000', '1_000'],
  ['1.10', '1.10'],
  ['1e3', '1e3'],
  ['2021-01-01', '2021-01-01'],
  ['yes', 'yes'],
  ['True', 'True'],
  ['.inf', '.inf'],
  ['"0123"', '0123'],
  ['"null"', 'null'],
  ['!!str 7', '7'],
  ['null', undefined],
  ['~', undefined],
];
for (const [written, meaning] of TEXTS) {
  test(`password: ${written} is ${meaning ?? 'none'}`, () => {
    const { specs, told } = read(peer(`password: ${written}`));
    assert.equal(told, []);
    assert.ok(specs['BGPPeer peer1']);
    assert.is(specs['BGPPeer peer1']?.['password'], meaning);
  });

  if (meaning === undefined) continue;
  test(`a pool, a label and a value in a selector may be called ${written}`, () => {
    const selector = `{match-labels: {rack: ${written}}, match-expressions: [{key: row, operator: In, values: [${written}]}]}`;
    const pools = `address-pools: [{name: ${written}, protocol: layer2, addresses: [192.0.2.0/28]}]`;
    const { specs, told } = read(`${pools}\n${peer(`node-selectors: [${selector}]`)}`);
    assert.equal(told, []);
    assert.ok(specs[`IPAddressPool ${meaning}`]);
    assert.equal(specs['L2Advertisement l2advertisement1']?.['ipAddressPools'], [meaning]);
    assert.equal(specs['BGPPeer peer1']?.['nodeSelectors'], [
      {
        matchLabels: { rack: meaning },
        matchExpressions: [{ key: 'row', operator: 'In', values: [meaning] }],
      },
    ]);
  });
}

test('labels and aliases of communities may look like numbers and flags', () => {
  const { specs, told } = read(
    `${peer('node-selectors: [{match-labels: {010: a, yes: b}}]')}\nbgp-communities: {666: 64512:666, no: 1:2}`,
  );
  assert.equal(told, []);
  assert.equal(specs['BGPPeer peer1']?.['nodeSelectors'], [
    { matchLabels: { '010': 'a', yes: 'b' } },
  ]);
  assert.equal(specs['Community communities']?.['communities'], [
    { name: '666', value: '64512:666' },
    { name: 'no', value: '1:2' },
  ]);
});

const NUMBERS: readonly (readonly [written: string, meaning: number])[] = [
  ['1179', 1179],
  ['1_179', 1179],
  ['+1179', 1179],
  ['02233', 1179],
  ['0o2233', 1179],
  ['0x49B', 1179],
  ['0b10010011011', 1179],
  ['1179.0', 1179],
  ['1.179e3', 1179],
  ['08', 8],
  ['16384', 16_384],
  ['17900', 17_900],
  ['65535', 65_535],
];
for (const [written, meaning] of NUMBERS) {
  test(`peer-port: ${written} is ${meaning}, where the ConfigMap is read as it stands`, () => {
    const { objects, problems } = shown(peer(`peer-port: ${written}`));
    assert.equal(problems, []);
    const [parsed] = objects.map(parseBgpPeer);
    assert.is(parsed?.ok === true && parsed.value.spec.peerPort, meaning);
  });
}

const NO_PORTS: readonly (readonly [written: string, told: string])[] = [
  ['"179"', 'is "179": expected an integer from 0 to 65535, without quotes'],
  ['65536', 'is 65536: expected an integer from 0 to 65535'],
  ['-179', 'is -179: expected an integer from 0 to 65535'],
  ['179.5', 'is 179.5: expected an integer from 0 to 65535'],
  ['bgp', 'is "bgp": expected an integer from 0 to 65535'],
  ['1:79', 'is "1:79": expected an integer from 0 to 65535'],
  ['yes', 'is true: expected an integer from 0 to 65535'],
];
for (const [written, expected] of NO_PORTS) {
  test(`peer-port: ${written} is no port, and there is no peer`, () => {
    const { specs, told } = read(peer(`peer-port: ${written}`));
    assert.equal(told, [`ConfigMap/default/config: peers[0][peer-port] ${expected}`]);
    assert.equal(specs, {});
  });
}

for (const [port, isWritten] of [
  [16_384, true],
  [16_385, false],
  [17_900, false],
] as const) {
  test(`peer-port: ${port}: ${isWritten ? 'is converted' : 'is not converted, since no API server would take it, and that is said'}`, async () => {
    const { code, printed, complaints } = await playCommand(
      ['convert', '--only-data'],
      peer(`peer-port: ${port}`),
    );
    assert.is(printed.includes(`peerPort: ${port}`), isWritten);
    assert.is(code, isWritten ? 0 : 2);
    assert.is(
      complaints.some((line) =>
        line.startsWith(`stdin: peers[0][peer-port] is ${port}: expected at most 16384: `),
      ),
      !isWritten,
    );
  });
}

test('what is written once and merged counts for each peer, unless the peer says otherwise', () => {
  const { specs, told } = read(`
peers:
- &session {my-asn: 64512, peer-asn: 64513, peer-address: 192.0.2.1, password: 0123}
- {<<: *session, peer-address: 192.0.2.2, password: no}
`);
  assert.equal(told, []);
  assert.is(specs['BGPPeer peer1']?.['password'], '0123');
  assert.is(specs['BGPPeer peer2']?.['myASN'], 64_512);
  assert.is(specs['BGPPeer peer2']?.['peerAddress'], '192.0.2.2');
  assert.is(specs['BGPPeer peer2']?.['password'], 'no');
});

const WRONG_SHAPES: readonly (readonly [config: string, told: string])[] = [
  ['peers: 5', 'peers is 5: expected a list'],
  ['peers: [no]', 'peers[0] is false: expected a map'],
  ['bgp-communities: yes', 'bgp-communities is true: expected a map'],
  ['bgp-communities: {a: {b: 0123}}', 'bgp-communities.a is {"b":83}: expected a string'],
  [
    'colour: 0123',
    'colour is 83: expected one of address-pools, bfd-profiles, bgp-communities, peers',
  ],
  ['no', '(whole object) is false: expected a map'],
];
for (const [config, expected] of WRONG_SHAPES) {
  test(`a scalar in place of something else is told as what it means: ${config}`, () => {
    assert.equal(read(config).told, [`ConfigMap/default/config: ${expected}`]);
  });
}

test.run();
