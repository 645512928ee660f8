import { applyManifest } from '../../../modules/metallb/src/cli/merge-manifest.ts';
import { parseKubeconfig } from '../../../modules/metallb/src/kube/configuration.ts';
import { readYaml } from '../../../modules/metallb/src/manifests/yaml-documents.ts';
import { readOwnSettings } from '../../../modules/metallb/src/node/own-settings.ts';
import { readCommandLine } from '../../../modules/metallb/src/settings/command-line.ts';
import { CONTROLLER_SETTINGS } from '../../../modules/metallb/src/settings/controller-settings.ts';
import { settingsIn } from '../../../modules/metallb/src/settings/load-settings.ts';
import { NODE_SETTINGS } from '../../../modules/metallb/src/settings/node-settings.ts';
import { UsageError } from '../../../modules/metallb/src/settings/settings.ts';
import { service } from '../../support/cluster-objects.ts';
import { accepted, jsonTarget, LIBRARY_SHARE, type Target, textTarget } from '../target.ts';

/** A person waits for it, or a program that answers nobody. */
const YAML_MS = 1_000;
/** Reading YAML takes milliseconds for a kilobyte. */
const LONGEST_YAML = 192;
/** Node's own parser looks at every letter of `-abc`. */
const LONGEST_COMMAND = 256;
const YAML = `a: &a {b: "3"}
c: [*a, 1.5]
---
- |
  x
- ? k
  : 'v'
`;
const YAML_WORDS = [
  ...['---\n', '&a ', '*a', '<<: *a', '!!binary ', '? ', '- ', '{', '[', '|\n', '%', ': '],
];
const KUBECONFIG = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'https://192.0.2.1:6443' } }],
  users: [{ name: 'u', user: { tokenFile: 'token' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'x',
});
const SETTINGS = { 'node-name': 'n1', 'heartbeat-interval-ms': 100, interfaces: ['eth0', 'eth1'] };
const ARGUMENTS = ['--node-name', 'n1', '--health-address=[::1]:7476', '--', '--help'];
const WANTED = { ...service('web'), spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } };

/** Whatever is written after it, each document has a value or a problem that says where. */
function checkYaml(text: string): void {
  for (const { problems, line } of readYaml(text)) {
    if ([line, ...problems.map((problem) => problem.line)].some((one) => !(one >= 1))) {
      throw new Error('a document without a line');
    }
  }
}

/** One argument a line. */
function checkCommandLine(text: string): void {
  const argv = text.split('\n');
  readOwnSettings(argv, { METALLB_HEALTH_ADDRESS: argv[0], METALLB_TERMINATION_GRACE_MS: argv[1] });
  for (const table of [NODE_SETTINGS, CONTROLLER_SETTINGS]) {
    accepted(() => readCommandLine(table, 'metallb', argv), UsageError);
  }
}

/** Any tool may have written that annotation. */
function checkLastApplied(text: string): void {
  const { metadata } = WANTED;
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': text };
  applyManifest({ ...WANTED, metadata: { ...metadata, annotations } }, WANTED);
}

export const FILE_TARGETS: readonly Target[] = [
  textTarget({
    ...{ name: 'yaml', seeds: [YAML, '{a: [1]}'], dictionary: YAML_WORDS },
    ...{ slowMs: YAML_MS, longest: LONGEST_YAML, share: LIBRARY_SHARE, check: checkYaml },
  }),
  textTarget({
    ...{ name: 'kubeconfig', grammar: 'json', seeds: [KUBECONFIG] },
    ...{ slowMs: YAML_MS, longest: 2 * LONGEST_YAML, share: LIBRARY_SHARE },
    check: (text) => void accepted(() => parseKubeconfig(text, '/etc/kubeconfig'), Error),
  }),
  jsonTarget({
    ...{ name: 'settings-file', seeds: [JSON.stringify(SETTINGS)] },
    check: (content) => {
      for (const table of [NODE_SETTINGS, CONTROLLER_SETTINGS]) {
        accepted(() => settingsIn(table, content, 'metallb.yaml'), UsageError);
      }
    },
  }),
  textTarget({
    ...{ name: 'command-line', seeds: [ARGUMENTS.join('\n')] },
    ...{ longest: LONGEST_COMMAND, share: LIBRARY_SHARE },
    ...{ dictionary: ['--', '-h', '=', '\n', '--config', '--run-dir'], check: checkCommandLine },
  }),
  textTarget({
    ...{ name: 'last-applied', grammar: 'json', seeds: [JSON.stringify(WANTED), '{}'] },
    check: checkLastApplied,
  }),
];
