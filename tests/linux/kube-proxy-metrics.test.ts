import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseSyncTimes,
  type SyncTimes,
} from '../../modules/metallb/src/linux/kube-proxy-metrics.ts';

const SYNCED = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds';
const QUEUED = 'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds';

const pages: [name: string, page: string, times: SyncTimes[]][] = [
  ['an empty page', '', []],
  ['a page of another program', 'go_goroutines 7\nprocess_start_time_seconds 1.7e+09\n', []],
  [
    'kube-proxy 1.36, per family',
    `# HELP ${SYNCED} [ALPHA] The last time proxy rules were successfully synced
# TYPE ${SYNCED} gauge
${SYNCED}{ip_family="IPv4"} 1.7000000005e+09
${SYNCED}{ip_family="IPv6"} 1.700000001e+09
${QUEUED}{ip_family="IPv4"} 1.70000000025e+09
${QUEUED}{ip_family="IPv6"} 1.7e+09
`,
    [
      { family: 'IPv4', syncedEpochMs: 1_700_000_000_500, queuedEpochMs: 1_700_000_000_250 },
      { family: 'IPv6', syncedEpochMs: 1_700_000_001_000, queuedEpochMs: 1_700_000_000_000 },
    ],
  ],
  [
    'an older kube-proxy, without families',
    `${SYNCED} 1.7e+09\n${QUEUED} 1.7e+09\n`,
    [
      {
        family: undefined,
        syncedEpochMs: 1_700_000_000_000,
        queuedEpochMs: 1_700_000_000_000,
      },
    ],
  ],
  [
    'a sync that was asked for and is not done',
    `${QUEUED}{ip_family="IPv4"} 1.7e+09\n`,
    [{ family: 'IPv4', syncedEpochMs: 0, queuedEpochMs: 1_700_000_000_000 }],
  ],
  [
    'lines that hold no time',
    `${SYNCED} NaN\n${SYNCED} -1\n${SYNCED} +Inf\n${SYNCED} 1e300\n${SYNCED} soon\n${SYNCED}\n`,
    [],
  ],
  ['other names that begin or end alike', `${SYNCED}_total 5\nmy_${SYNCED} 5\n`, []],
  [
    'other labels beside the family',
    `${SYNCED}{node="a",ip_family="IPv6"} 5\n`,
    [{ family: 'IPv6', syncedEpochMs: 5_000, queuedEpochMs: 0 }],
  ],
];
for (const [name, page, times] of pages) {
  test(`reads ${name}`, () => assert.equal(parseSyncTimes(page), times));
}

test('a long line without end takes no time', () => {
  const page = `${SYNCED}{${'a="b",'.repeat(200_000)}`;
  assert.equal(parseSyncTimes(page), []);
});

test.run();
