import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseConfigurationState } from '../../modules/metallb/src/api/configuration-state.ts';
import { formatProblems, type Parsed } from '../../modules/metallb/src/api/problem.ts';
import { parseServiceBgpStatus } from '../../modules/metallb/src/api/service-bgp-status.ts';
import { parseServiceL2Status } from '../../modules/metallb/src/api/service-l2-status.ts';

const OF_SERVICE = { node: undefined, serviceName: undefined, serviceNamespace: undefined };
const KINDS: [string, (object: unknown) => Parsed<{ readonly status: unknown }>, object][] = [
  ['ServiceBGPStatus', parseServiceBgpStatus, { ...OF_SERVICE, peers: [] }],
  [
    'ServiceL2Status',
    parseServiceL2Status,
    {
      ...{ ...OF_SERVICE, serviceUid: undefined, interfaces: [], ip: undefined },
      ...{ announcer: undefined, conditions: [] },
    },
  ],
  [
    'ConfigurationState',
    parseConfigurationState,
    { result: undefined, errorSummary: undefined, conditions: [] },
  ],
];
for (const [kind, parse, nothing] of KINDS) {
  const object = { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name: 'one' } };

  test(`a ${kind} that was just made tells nothing`, () => {
    const parsed = parse(object);
    assert.ok(parsed.ok);
    assert.equal(parsed.ok && parsed.value.status, nothing);
  });

  test(`an object of another kind, or whose status is no object, is no ${kind}`, () => {
    const problems = (wrong: object) => {
      const parsed = parse({ ...object, ...wrong });
      return parsed.ok ? '' : formatProblems(parsed.problems);
    };
    assert.match(problems({ kind: 'Pod' }), `${kind}/one: kind is "Pod": expected ${kind}`);
    assert.match(problems({ status: 7 }), `${kind}/one: status is 7: expected an object`);
  });
}

test.run();
