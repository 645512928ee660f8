import { Ajv, type ErrorObject } from 'ajv';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import { readChartYaml } from './chart-files.ts';
import {
  CONFIG_SCHEMA,
  type SettingsSchema,
  VALUES_SCHEMA,
  walkSettings,
} from './settings-schema.ts';

interface Cases {
  readonly configValues: readonly unknown[];
  readonly values: readonly unknown[];
}

const { positive, negative } = readChartYaml('openapi/openapi-case-tests.yaml') as {
  positive: Cases;
  negative: Cases;
};

/** Keywords of OpenAPI, Deckhouse and addon-operator that say nothing about which values are right. */
const foreign = new Set(
  [...walkSettings(VALUES_SCHEMA), ...walkSettings(CONFIG_SCHEMA)].flatMap(([, node]) =>
    Object.keys(node).filter((keyword) => keyword.startsWith('x-')),
  ),
);

function validator(schema: SettingsSchema) {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  ajv.addVocabulary([...foreign]);
  ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });
  return ajv.compile(schema);
}

const SETS = [
  { name: 'configValues', validate: validator(CONFIG_SCHEMA) },
  { name: 'values', validate: validator(VALUES_SCHEMA) },
] as const;

/** Where and how each refused case is wrong, in the order of the file. */
const REASONS: Readonly<Record<keyof Cases, readonly string[]>> = {
  configValues: [
    '/bgpPeers/0/peer-address pattern',
    '/bgpPeers/0/peer-asn type',
    '/bgpPeers/0/my-asn type',
    '/bgpPeers/0/source-address pattern',
    '/addressPools/0/addresses/0 oneOf',
    '/addressPools/0/name pattern',
    '/addressPools/0/protocol enum',
    '/addressPools/0 required protocol',
    '/bgpPeers/0 required peer-address',
    '/bgpPeers/0/peer-asn maximum',
    '/bgpPeers/0/peer-port maximum',
    '/bgpPeers/0/hold-time oneOf',
    '/bgpPeers/0/node-selector/matchExpressions/0 oneOf',
    '/addressPools/0/bgp-advertisements/0/aggregation-length minimum',
    '/bgpCommunities/no-advertise pattern',
    '/speaker additionalProperties affinity',
    ' additionalProperties heartbeats',
    '/heartbeat/intervalMs minimum',
    '/heartbeat/multiplier minimum',
    '/heartbeat/group pattern',
    '/heartbeat/rotation minimum',
    '/heartbeat additionalProperties interval',
    '/holdDownMs maximum',
    '/announceRate minimum',
    '/backgroundRate type',
    '/excludeInterfaces/0 pattern',
    '/coolDownMs type',
    '/kubeProxy/metricsUrl pattern',
    '/kubeProxy/waitMs maximum',
    '/logLevel enum',
    '/hookRunner enum',
    '/loopGuard/enabled type',
    '/webhook/enabled type',
    '/highAvailability type',
    '/tolerations/0 additionalProperties forever',
    '/nodeSelector/node-role.deckhouse.io~1system type',
    '/loadBalancerClass pattern',
    '/loadBalancerClass pattern',
    '/metallbNamespaces/0 pattern',
    '/legacyConfigMap pattern',
    '/metallbPoolPolicy enum',
    '/followEndpoints type',
    '/bgp/listenPort maximum',
    '/bgp additionalProperties port',
    '/tolerations/0/effect type',
    '/tolerations/0/operator type',
    '/tolerations/0/tolerationSeconds type',
    '/tolerations/0/value type',
    '/speaker/nodeSelector type',
    '/speaker/tolerations type',
    '/speaker/tolerations/0/effect type',
    '/speaker/tolerations/0/key type',
    '/speaker/tolerations/0/operator type',
    '/speaker/tolerations/0/tolerationSeconds type',
    '/speaker/tolerations/0/value type',
    '/bgpPeers/0/router-id type',
    '/bgpPeers/0/password type',
    '/bgpPeers/0/node-selector/matchLabels/zone type',
    '/bgpPeers/0/node-selector/matchExpressions/0 oneOf',
    '/addressPools/0/auto-assign type',
    '/addressPools/0/avoid-buggy-ips type',
    '/addressPools/0/bgp-advertisements/0/localpref minimum',
    '/addressPools/0/bgp-advertisements/0/communities type',
    ' additionalProperties edition',
  ],
  values: [
    '/edition enum',
    '/image additionalProperties digest',
    '/monitoring/prometheusOperator enum',
    '/monitoring/labels/release type',
    '/resources/speaker additionalProperties limits',
    '/resources/controller/memory pattern',
    '/networkPolicy type',
    '/heartbeatSecretName type',
    '/clusterId type',
    '/purgeOnUninstall type',
    '/internal additionalProperties l2loadbalancers',
    '/internal/heartbeatKeys/keys minItems',
    '/internal/heartbeatKeys/rotation minimum',
    '/internal/moduleConfigVersion minimum',
    '/registry additionalProperties path',
    '/registry/base type',
    '/registry/dockercfg type',
    '/registry/scheme type',
    '/registry/ca type',
    '/image/repository minLength',
    '/image/tag type',
    '/image/pullPolicy enum',
    '/image/pullSecrets/0 minLength',
    '/networkPolicy/enabled type',
    '/resources/controller/cpu pattern',
    '/resources/speaker/cpu type',
    '/resources/speaker/memory pattern',
    '/resources/shellOperator type',
    '/resources/shellOperator/cpu pattern',
    '/resources/shellOperator/memory pattern',
  ],
};

/** Errors apart from those that only say which alternatives of a `oneOf` did not fit. */
function reasonsOf(errors: readonly ErrorObject[]): string[] {
  const isWithinChoice = ({ schemaPath }: ErrorObject) => /\/oneOf\/\d+\//.test(schemaPath);
  const atRate = errors.filter((error) => !isWithinChoice(error));
  return atRate.map(({ instancePath, keyword, params }) => {
    const member = params['additionalProperty'] ?? params['missingProperty'];
    return [instancePath, keyword, ...(member === undefined ? [] : [member])].join(' ');
  });
}

for (const { name, validate } of SETS) {
  test(`56: ${name}: what openapi-case-tests.yaml calls right is accepted`, () => {
    assert.ok(positive[name].length > 0);
    for (const settings of positive[name]) {
      assert.ok(validate(settings), JSON.stringify(validate.errors));
    }
  });

  test(`56: ${name}: what it calls wrong is refused for its own reason alone`, () => {
    assert.is(negative[name].length, REASONS[name].length);
    const found = negative[name].map((settings) => {
      return validate(settings) ? 'accepted' : reasonsOf(validate.errors ?? []).join(', ');
    });
    assert.equal(found, REASONS[name]);
  });
}

/** What a case sets, in the paths of `walkSettings`. */
function settingsIn(value: unknown, path = ''): string[] {
  const members = Array.isArray(value)
    ? value.flatMap((item) => settingsIn(item, `${path}[]`))
    : Object.entries(isRecord(value) ? value : {}).flatMap(([name, member]) =>
        settingsIn(member, path === '' ? name : `${path}.${name}`),
      );
  return [path, ...members];
}

for (const [verdict, { configValues, values }] of Object.entries({
  accepted: positive,
  refused: negative,
})) {
  test(`each setting, members of lists too, is part of a case that is ${verdict}`, () => {
    const set = new Set([...configValues, ...values].flatMap((one) => settingsIn(one)));
    const settings = [...walkSettings(VALUES_SCHEMA)].map(([path]) => path);
    assert.equal(
      settings.filter((path) => !path.endsWith('[]') && !set.has(path)),
      [],
    );
  });
}

for (const [path, node] of walkSettings(VALUES_SCHEMA)) {
  const { 'x-examples': examples, ...schema } = node;
  if (examples === undefined) continue;
  test(`the examples of ${path} are right`, () => {
    const validate = validator(schema);
    for (const example of examples) {
      assert.ok(validate(example), JSON.stringify(validate.errors));
    }
  });
}

test.run();
