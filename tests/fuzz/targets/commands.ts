import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { CommandFailure } from '../../../modules/metallb/src/cli/failure.ts';
import { layersOf } from '../../../modules/metallb/src/cli/frame-layers.ts';
import { readFrames } from '../../../modules/metallb/src/cli/hex-input.ts';
import { formatFrames } from '../../../modules/metallb/src/cli/layers-text.ts';
import { plain } from '../../../modules/metallb/src/cli/paint.ts';
import { parseGateways } from '../../../modules/metallb/src/linux/gateways.ts';
import { IpCommandError } from '../../../modules/metallb/src/linux/ip-command.ts';
import { parseSyncTimes } from '../../../modules/metallb/src/linux/kube-proxy-metrics.ts';
import { parseLinks } from '../../../modules/metallb/src/linux/link.ts';
import { readGuardRules } from '../../../modules/metallb/src/linux/loop-guard.ts';
import { readAnswers, readRuleMarks } from '../../../modules/metallb/src/linux/routes.ts';
import { accepted, type Target, textTarget } from '../target.ts';

const ADDRESSES: readonly unknown[] = JSON.parse(
  readFileSync(new URL('../../linux/ip-address.json', import.meta.url), 'utf8'),
);
const METRIC = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds';
const QUEUED = 'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds';
/** Stands between what `ip` wrote to its output and to its errors. */
const ERRORS = '\n----\n';
const ROUTES = `[{"dst":"192.0.2.5","from":"10.9.0.3","gateway":"10.9.0.254","dev":"eth0","flags":[]}]
[{"type":"local","dst":"192.0.2.77","from":"10.9.0.3","dev":"lo","flags":[]}]${ERRORS}RTNETLINK answers: No route to host
Command failed -:2
`;
const RULES = `[{"priority":0,"src":"all","table":"local"},
{"priority":4225,"src":"all","dst":"192.0.2.0","dstlen":24,"iif":"eth0","action":"unreachable"},
{"priority":100,"src":"all","fwmark":"0x10","table":"100"}]`;
const PROXY_PAGE = `# TYPE ${METRIC} gauge
${METRIC}{ip_family="IPv4"} 1.7000000005e+09
${METRIC}{ip_family="IPv6"} 1.700000001e+09
${QUEUED}{ip_family="IPv4"} 1.70000000025e+09
`;
const DUMP = `10:00:00.000000 ARP, Request who-has 192.0.2.10
\t0x0000:  ffff ffff ffff 0200 0000 000a 0806 0001
\t0x0010:  0800 0604 0001 0200 0000 000a c000 0201
\t0x0020:  0000 0000 0000 c000 020a
`;

/** As many questions as there are answers and refusals, or one more or less. */
function checkRoutes(text: string): void {
  const [stdout = '', stderr = ''] = text.split(ERRORS);
  const lines = stdout.split('\n').filter((line) => line.trim() !== '').length;
  const refused = stderr.match(/^Command failed/gm)?.length ?? 0;
  for (const count of [lines, lines + refused, lines + refused + 1]) {
    const answers = accepted(() => readAnswers(count, stdout, stderr), IpCommandError);
    if (answers !== undefined) deepStrictEqual(answers.length, count);
  }
}

const RULE_READERS: readonly ((text: string) => unknown)[] = [
  readRuleMarks,
  parseGateways,
  (text) => readGuardRules('IPv4', text),
  (text) => readGuardRules('IPv6', text),
];

/** Who asked for it: the length chooses. */
function checkRules(text: string): void {
  const read = RULE_READERS[text.length % RULE_READERS.length] ?? readRuleMarks;
  accepted(() => read(text), IpCommandError);
}

function checkSyncTimes(text: string): void {
  for (const { syncedEpochMs, queuedEpochMs } of parseSyncTimes(text)) {
    deepStrictEqual([syncedEpochMs, queuedEpochMs].every(Number.isFinite), true);
  }
}

/** `mlb decode`, whatever a person pastes. */
function checkDump(text: string): void {
  const frames = accepted(() => readFrames(text), CommandFailure) ?? [];
  formatFrames(
    frames.map((frame) => layersOf(frame, [])),
    plain,
  );
}

export const COMMAND_TARGETS: readonly Target[] = [
  textTarget({
    ...{ name: 'ip-address', grammar: 'json' },
    seeds: ADDRESSES.map((link) => JSON.stringify([link])),
    check: (text) => void accepted(() => parseLinks(text), SyntaxError, TypeError),
  }),
  textTarget({
    ...{ name: 'ip-route', seeds: [ROUTES, `[{"type":"blackhole"}]${ERRORS}`] },
    dictionary: [ERRORS, 'Command failed -:1\n', '{"type":"unicast"}', '[]', '\n'],
    check: checkRoutes,
  }),
  textTarget({ ...{ name: 'ip-rule', grammar: 'json', seeds: [RULES] }, check: checkRules }),
  textTarget({
    ...{ name: 'kube-proxy-metrics', seeds: [PROXY_PAGE] },
    dictionary: [METRIC, QUEUED, '{ip_family="IPv4"}', ' ', '\n', ',', '1e309'],
    check: checkSyncTimes,
  }),
  textTarget({
    ...{ name: 'hex-dump', seeds: [DUMP, '00000000: ffff ffff  ....\n', 'ff:ff:ff:ff:ff:ff'] },
    dictionary: ['0x0000:  ', '00000010: ', '0010  ', '0800', '86dd', '# ', '|'],
    check: checkDump,
  }),
];
