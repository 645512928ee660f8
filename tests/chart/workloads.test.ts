import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import { readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { CONTROLLER_SETTINGS } from '../../modules/metallb/src/settings/controller-settings.ts';
import { NODE_SETTINGS } from '../../modules/metallb/src/settings/node-settings.ts';
import { flagName } from '../../modules/metallb/src/settings/setting-names.ts';
import type { SettingsTable } from '../../modules/metallb/src/settings/settings.ts';
import {
  type Container,
  type PodSpec,
  podOf,
  RENDERED,
  the,
  WITH_SHELL_OPERATOR,
} from './rendered.ts';

const PROGRAMS = [
  { kind: 'Deployment', name: 'controller', container: 'controller', table: CONTROLLER_SETTINGS },
  { kind: 'DaemonSet', name: 'speaker', container: 'node', table: NODE_SETTINGS },
] as const;
/** Not a program of this project: tests/cluster/hook-runner.lab.ts starts it with its flags. */
const SHELL_OPERATOR = { kind: 'Deployment', name: 'shell-operator' } as const;

/** What programs may do beyond what every program may; Kubernetes gives it to root only. */
const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  node: ['NET_RAW'],
  'loop-guard': ['NET_ADMIN'],
};

/** For routers that connect. */
function listensBelow1024({ args = [] }: Pick<Container, 'args'>): boolean {
  const ports = args.flatMap((arg) => /^--bgp-listen-port=(\d+)$/.exec(arg)?.[1] ?? []);
  return ports.some((port) => Number(port) < 1_024);
}

function allOf({ initContainers = [], containers }: PodSpec): Container[] {
  return [...initContainers, ...containers];
}

/** As the kubelet fills them in. */
const ENVIRONMENT: Readonly<Record<string, string>> = { NODE_NAME: 'n1', POD_IP: '2001:db8::1' };

function containerOf(pod: PodSpec, name: string): Container {
  const found = pod.containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

/** Flags without dashes and what they are set to, as the program gets them. */
function settingsOf({ args, env }: Container): Map<string, string> {
  const known = env.map(({ name }) => name);
  return new Map(
    args.map((arg) => {
      const [, flag = arg, text = ''] = /^--([a-z-]+)=(.*)$/.exec(arg) ?? [];
      const value = text.replaceAll(/\$\((\w+)\)/g, (_, name: string) => {
        assert.ok(known.includes(name), `${name} is not in the environment`);
        return ENVIRONMENT[name] ?? '';
      });
      return [flag, value];
    }),
  );
}

for (const caseName of RENDERED.keys()) {
  for (const { kind, name, container, table } of PROGRAMS) {
    const pod = podOf(kind, name, caseName);

    test(`${caseName}: ${name} is given settings that the program has, with values that it takes`, () => {
      const settings: SettingsTable = table;
      const keys = new Map(Object.keys(settings).map((key) => [flagName(key), key]));
      const given = settingsOf(containerOf(pod, container));
      for (const [flag, value] of given) {
        const setting = settings[keys.get(flag) ?? ''];
        assert.ok(setting, `--${flag} is not a setting`);
        assert.ok(setting && 'value' in setting.parse(value), `--${flag}=${value}`);
      }
      const needed = [...keys].filter(([, key]) => settings[key]?.default === undefined);
      assert.equal(
        needed.map(([flag]) => flag).filter((flag) => !given.has(flag)),
        [],
      );
    });
  }

  const operator = WITH_SHELL_OPERATOR.includes(caseName) ? [SHELL_OPERATOR] : [];
  for (const { kind, name } of [...PROGRAMS, ...operator]) {
    const pod = podOf(kind, name, caseName);
    const title = `${caseName}: ${name}`;

    test(`${title} has containers with nothing but what they need`, () => {
      assert.is(pod.securityContext.seccompProfile?.type, 'RuntimeDefault');
      for (const { securityContext: context, ...rest } of allOf(pod)) {
        assert.is(context.readOnlyRootFilesystem, true, rest.name);
        assert.is(context.allowPrivilegeEscalation, false, rest.name);
        assert.equal(context.capabilities?.drop, ['ALL'], rest.name);
        const added = listensBelow1024(rest) ? ['NET_BIND_SERVICE'] : [];
        const allowed = [...(CAPABILITIES[rest.name] ?? []), ...added];
        assert.equal(context.capabilities?.add ?? [], allowed, rest.name);
        assert.is(context.seccompProfile?.type, 'RuntimeDefault', rest.name);
        const isRoot = rest.name in CAPABILITIES;
        assert.is(context.runAsNonRoot ?? pod.securityContext.runAsNonRoot, !isRoot, rest.name);
      }
    });

    test(`${title} has containers that say what they need and when they work`, () => {
      for (const { image, resources, livenessProbe, readinessProbe, ports } of pod.containers) {
        assert.match(image, /(?::[\w.-]+|@sha256:[0-9a-f]{64})$/);
        const requested = Object.keys(resources.requests).sort();
        assert.equal(requested, ['cpu', 'ephemeral-storage', 'memory']);
        assert.ok(livenessProbe && readinessProbe);
        for (const { httpGet } of [livenessProbe, readinessProbe].filter((one) => !!one)) {
          const known = pod.containers.flatMap((other) => other.ports);
          const isKnown = known.some(
            (port) => port.name === httpGet.port || port.containerPort === httpGet.port,
          );
          assert.ok(isKnown, `nobody listens on ${httpGet.port}`);
        }
        for (const { containerPort } of ports) assert.ok(containerPort > 1_024);
      }
    });

    test(`${title} mounts volumes that it has`, () => {
      const volumes = (pod.volumes ?? []).map((volume) => volume.name);
      const mounted = allOf(pod).flatMap(({ volumeMounts = [] }) => volumeMounts);
      assert.equal([...new Set(mounted.map((mount) => mount.name))].sort(), volumes.sort());
    });

    test(`${title} is selected by labels that its pods have`, () => {
      const { selector, template } = the(kind, name, caseName).spec ?? {};
      for (const [label, value] of Object.entries(selector?.matchLabels ?? {})) {
        assert.is(template?.metadata.labels[label], value);
      }
      assert.is(pod.serviceAccountName, name);
      assert.is(pod.automountServiceAccountToken, true);
    });
  }

  const speaker = podOf('DaemonSet', 'speaker', caseName);
  const node = containerOf(speaker, 'node');
  const settings = settingsOf(node);

  test(`${caseName}: the speaker goes before all other pods and has no CPU limit (network rule 29)`, () => {
    assert.is(speaker.priorityClassName, 'system-node-critical');
    for (const { resources } of allOf(speaker)) assert.is(resources.limits, undefined);
  });

  test(`${caseName}: the speaker runs on every balancer node, in its network`, () => {
    assert.equal(speaker.nodeSelector, { [LABEL.member]: '' });
    assert.equal(speaker.tolerations, [{ operator: 'Exists' }]);
    assert.is(speaker.hostNetwork, true);
    assert.is(speaker.dnsPolicy, 'ClusterFirstWithHostNet');
  });

  test(`${caseName}: the kubelet waits until the node program has handed its IPs over`, () => {
    const graceMs =
      settings.get('termination-grace-ms') ?? NODE_SETTINGS.terminationGraceMs.default;
    // The wire is killed a second after its grace, the speaker ends within another one.
    assert.ok(speaker.terminationGracePeriodSeconds * 1_000 > Number(graceMs) + 2_000);
  });

  test(`${caseName}: speakers restart one after the other, and for new keys not at all`, () => {
    const { updateStrategy, template } = the('DaemonSet', 'speaker', caseName).spec ?? {};
    assert.is(updateStrategy?.rollingUpdate.maxUnavailable, 1);
    const annotations = Object.keys(template?.metadata.annotations ?? {});
    assert.not.ok(annotations.some((name) => name.startsWith('checksum/')));
  });

  test(`${caseName}: files are where the settings of the node program say`, () => {
    const at = (path = '') =>
      node.volumeMounts?.find(
        ({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`),
      );
    const volume = (name = '') => speaker.volumes?.find((each) => each.name === name);
    const keys = at(settings.get('heartbeat-key-file'));
    assert.is(keys?.readOnly, true);
    assert.is(keys?.subPath, undefined, 'a kubelet never brings new keys into such a mount');
    assert.is(volume(keys?.name)?.secret?.defaultMode, 0o400);
    const run = at(settings.get('run-dir'));
    assert.not.ok(run?.readOnly);
    assert.equal(volume(run?.name)?.hostPath, {
      path: '/var/lib/metallb',
      type: 'DirectoryOrCreate',
    });
  });

  test(`${caseName}: the kubelet asks the node program where it serves health`, () => {
    const [host = '', port = ''] = settings.get('health-address')?.split(':') ?? [];
    for (const probe of [node.livenessProbe, node.readinessProbe]) {
      assert.is(probe?.httpGet.host, host);
    }
    assert.equal(node.ports.find(({ name }) => name === 'health')?.containerPort, Number(port));
  });
}

for (const caseName of WITH_SHELL_OPERATOR) {
  test(`${caseName}: of shell-operator, which elects no leader, the next one waits for the last one's end`, () => {
    const { replicas, strategy } = the('Deployment', 'shell-operator', caseName).spec ?? {};
    assert.is(replicas, 1);
    assert.is(strategy?.type, 'Recreate');
  });

  test(`${caseName}: shell-operator runs where controllers may run`, () => {
    const [own, controllers] = ['shell-operator', 'controller'].map((name) => {
      const { nodeSelector, tolerations } = podOf('Deployment', name, caseName);
      return { nodeSelector, tolerations };
    });
    assert.equal(own, controllers);
  });
}

test('the loop guard runs where it is turned on, as a command that mlb has, beside the node program of its run directory', () => {
  const guardsIn = (caseName: string) => podOf('DaemonSet', 'speaker', caseName).initContainers;
  assert.is(guardsIn('defaults'), undefined);
  const [guard, ...others] = guardsIn('everything-set') ?? [];
  assert.ok(guard);
  assert.equal(others, []);
  assert.is(guard?.restartPolicy, 'Always', 'else the Pod would wait for its end');
  assert.equal(guard?.command, ['node', '/app/dist/mlb.mjs']);
  const { initContainers: _, ...pod } = podOf('DaemonSet', 'speaker', 'everything-set');
  const node = containerOf(pod, 'node');
  const runDir = settingsOf(node).get('run-dir') ?? '';
  const command = readCommand(guard?.args ?? [], {});
  assert.equal(command, { verb: 'loop-guard', action: 'keep', runDir });
  const run = node.volumeMounts?.find(({ mountPath }) => mountPath === runDir);
  assert.equal(guard?.volumeMounts, [{ ...run, readOnly: true }]);
  assert.is(guard?.image, node.image);
});

test('controllers keep apart where they can', () => {
  const { affinity, priorityClassName } = podOf('Deployment', 'controller');
  assert.match(JSON.stringify(affinity), /"preferred.*"kubernetes.io\/hostname"/);
  assert.is(priorityClassName, 'system-cluster-critical');
});

test('node selectors and tolerations of controllers are as set, in Deckhouse those of the system', () => {
  const placed = (caseName: string) => {
    const { nodeSelector, tolerations } = podOf('Deployment', 'controller', caseName);
    return { nodeSelector, tolerations };
  };
  const role = 'node-role.kubernetes.io/control-plane';
  assert.equal(placed('defaults'), { nodeSelector: undefined, tolerations: undefined });
  assert.equal(placed('everything-set'), {
    nodeSelector: { [role]: '' },
    tolerations: [{ key: role, operator: 'Exists' }],
  });
  const dedicated = { key: 'dedicated.deckhouse.io', operator: 'Equal' };
  const tolerations = [
    { ...dedicated, value: 'metallb' },
    { ...dedicated, value: 'system' },
  ];
  const system = { 'node-role.deckhouse.io/system': '' };
  assert.equal(placed('deckhouse'), { nodeSelector: system, tolerations });
  assert.equal(placed('deckhouse-small'), { nodeSelector: undefined, tolerations });
});

test('the label that the DaemonSet follows is the one that the hooks write', () => {
  assert.is(LABEL.member, 'l2-load-balancer.network.deckhouse.io/member');
});

test.run();
