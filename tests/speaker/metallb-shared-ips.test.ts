import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Duty } from '../../modules/metallb/src/duty/duty.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { advertisement, announcedService } from '../support/announced-objects.ts';
import { sliceOf } from '../support/cluster.ts';
import { dutyAfter, GROUP, IP, labelled, metallb } from '../support/metallb-board.ts';

const local = { spec: { externalTrafficPolicy: 'Local' } };
const shared: [string, readonly NewObject[], Partial<Duty> | RegExp][] = [
  ['one without endpoints', [announcedService('dns', [IP])], { preferredNode: undefined }],
  [
    'endpoints of all on one node',
    [
      ...[announcedService('dns', [IP]), sliceOf('web', [{ nodeName: 'n2' }])],
      sliceOf('dns', [{ nodeName: 'n2' }]),
    ],
    { preferredNode: 'n2' },
  ],
  [
    'endpoints of each on a node of its own',
    [
      ...[announcedService('dns', [IP]), sliceOf('web', [{ nodeName: 'n2' }])],
      sliceOf('dns', [{ nodeName: 'n1' }]),
    ],
    { preferredNode: undefined },
  ],
  [
    'policy Local, and one without endpoints',
    [announcedService('web', [IP], local), announcedService('dns', [IP], local)],
    { localEndpoints: { n1: 0, n2: 0 } },
  ],
  [
    'an advertisement that selects one of them',
    [
      announcedService('dns', [IP], { labels: { zone: 'a' } }),
      advertisement('a', { serviceSelectors: [labelled('a')] }),
    ],
    /^nobody answers for 203.0.113.1, as those who share it are not announced alike \(default\/dns by .*all.*; default\/web by/,
  ],
  [
    'an advertisement that selects both',
    [
      announcedService('web', [IP], { labels: { zone: 'a' } }),
      announcedService('dns', [IP], { labels: { zone: 'a' } }),
      advertisement('all', { serviceSelectors: [labelled('a')] }),
    ],
    { group: GROUP },
  ],
  [
    'an advertisement that selects neither, beside one that selects both',
    [announcedService('dns', [IP]), advertisement('a', { serviceSelectors: [labelled('a')] })],
    { group: GROUP },
  ],
];
for (const [name, objects, expected] of shared) {
  test(`Services that share an IP: ${name}`, () => {
    const fixture = metallb(...objects);
    const duty = dutyAfter(fixture);
    if (expected instanceof RegExp) {
      assert.is(duty, undefined);
      assert.match(fixture.refusals.join(), expected);
      return;
    }
    const fields = Object.entries(duty ?? {}).filter(([field]) => field in expected);
    assert.equal(Object.fromEntries(fields), expected);
  });
}

test.run();
