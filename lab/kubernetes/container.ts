import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathInRoot } from './path-in-root.ts';
import type { Container, Pod, SecurityContext } from './pod.ts';

/** What a container of an image starts as, where the Pod says nothing else. */
export interface ImageConfig {
  /** The image's files, unpacked. */
  readonly root: string;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: number;
}

export interface ContainerWish {
  readonly pod: Pod;
  readonly container: Container;
  readonly image: ImageConfig;
  /** Directory on this machine by name of the volume. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Of this container alone; exists. */
  readonly directory: string;
  /** Value of a field such as `status.podIP`. */
  readonly field: (path: string) => string;
  /** What a kubelet tells every container: where the API server is. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The capabilities that container runtimes leave a container which says nothing (Docker's list). */
const DEFAULT_CAPABILITIES = [
  ...['chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['net_bind_service', 'net_raw', 'sys_chroot', 'mknod', 'audit_write', 'setfcap'],
];
/** capabilities(7), by their numbers. */
const ALL_CAPABILITIES = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid'],
  ...['setpcap', 'linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw'],
  ...['ipc_lock', 'ipc_owner', 'sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct'],
  ...['sys_admin', 'sys_boot', 'sys_nice', 'sys_resource', 'sys_time', 'sys_tty_config', 'mknod'],
  ...['lease', 'audit_write', 'audit_control', 'setfcap', 'mac_override', 'mac_admin', 'syslog'],
  ...['wake_alarm', 'block_suspend', 'audit_read', 'perfmon', 'bpf', 'checkpoint_restore'],
];

/** What runtimes refuse by default: Debian's containers-common, and what only containerd adds. */
const RUNTIME_DEFAULT = [
  '/usr/share/containers/seccomp.json',
  join(import.meta.dirname, 'seccomp-containerd.json'),
];

/**
 * The command that runs a container as a runtime does: the image's root (read-only where the Pod says so), volumes
 * mounted into it, the seccomp profile, capabilities and user of its security context, and nothing of the lab's environment.
 * Everything replaces itself by the next step, so its process is the container's first.
 */
export function containerCommand(wish: ContainerWish): string[] {
  const { container, image } = wish;
  const root = join(wish.directory, 'root');
  const context = { ...wish.pod.spec.securityContext, ...container.securityContext };
  const [program = '', ...args] = commandOf(wish);
  return [
    ...['unshare', '--mount', '--uts', '--propagation=private', 'sh', '-ec'],
    'eval "$1"; shift; exec "$@"',
    'sh',
    mountScript(wish, root, context),
    ...['env', '-i', ...environmentOf(wish)],
    ...['/usr/bin/python3', '-I', '-S', join(import.meta.dirname, 'enter-container.py')],
    JSON.stringify({
      root,
      seccompProfiles: seccompProfilesOf(context),
      ...capabilitiesOf(context),
      ...userOf(context, image),
      noNewPrivileges: context.allowPrivilegeEscalation === false,
    }),
    inImage(program, image),
    ...args,
  ];
}

/** Where a runtime finds the program: on the image's own PATH. @throws when it is not there */
function inImage(program: string, { root, environment }: ImageConfig): string {
  if (program.startsWith('/')) return program;
  const folders = environment['PATH']?.split(':') ?? [];
  const found = folders.find((folder) => existsSync(join(root, folder, program)));
  if (found === undefined) throw new Error(`the image has no ${program} on its PATH`);
  return join(found, program);
}

function commandOf({ container, image, field }: ContainerWish): string[] {
  const { command = image.entrypoint, args = [] } = container;
  const values = new Map(container.env?.map((one) => [one.name, variableOf(one, field)]));
  // Kubernetes' own notation: an unknown name stays as it is.
  const expand = (text: string) =>
    text.replace(/\$\(([^)]+)\)/g, (whole, name: string) => values.get(name) ?? whole);
  return [...command, ...args].map(expand);
}

function variableOf(
  { value, valueFrom }: NonNullable<Container['env']>[number],
  field: (path: string) => string,
): string {
  return valueFrom?.fieldRef === undefined ? (value ?? '') : field(valueFrom.fieldRef.fieldPath);
}

function environmentOf({ container, image, field, environment }: ContainerWish): string[] {
  const own = (container.env ?? []).map((one) => [one.name, variableOf(one, field)]);
  const all = { ...image.environment, ...environment, ...Object.fromEntries(own) };
  return Object.entries(all).map(([name, value]) => `${name}=${value}`);
}

function mountScript(
  { pod, container, image, volumes, directory }: ContainerWish,
  root: string,
  context: SecurityContext,
): string {
  const changes = join(directory, 'changes');
  const layers = `lowerdir=${image.root},upperdir=${changes}/upper,workdir=${changes}/work`;
  const at = (mountPath: string) => join(root, pathInRoot(image.root, mountPath));
  const mountPoints: string[] = [];
  const mounts = (container.volumeMounts ?? []).map((mount) => {
    const source = join(volumes.get(mount.name) ?? '/nonexistent', mount.subPath ?? '');
    const target = at(mount.mountPath);
    mountPoints.push(mountPoint(source, target));
    const seal = mount.readOnly ? `mount -o remount,bind,ro '${target}'` : ':';
    return `mount --bind '${source}' '${target}'; ${seal}`;
  });
  return [
    `hostname '${hostnameOf(pod)}'`,
    `mkdir -p '${root}' '${changes}'`,
    // The image is shared: what a container writes goes to a layer of its own, gone with it.
    `mount -t tmpfs tmpfs '${changes}'; mkdir '${changes}/upper' '${changes}/work'`,
    `mount -t overlay overlay -o '${layers}' '${root}'`,
    ...mountPoints,
    ...['proc', 'dev', 'sys'].map((name) => `mkdir -p '${root}/${name}'`),
    ...(context.readOnlyRootFilesystem ? [`mount -o remount,ro '${root}'`] : []),
    `mount -t proc proc '${root}/proc'`,
    `mount --rbind /dev '${root}/dev'`,
    `mount -t sysfs -o ro sysfs '${root}/sys'`,
    ...mounts,
  ].join('\n');
}

/** What is mounted may be a single file (`subPath`). */
function mountPoint(source: string, target: string): string {
  const file = `mkdir -p '${dirname(target)}'; touch '${target}'`;
  return `if [ -f '${source}' ]; then ${file}; else mkdir -p '${target}'; fi`;
}

function hostnameOf({ metadata, spec }: Pod): string {
  return spec.hostNetwork ? (spec.nodeName ?? '') : metadata.name;
}

/** @throws for a profile of the node's own, of which the lab has none */
function seccompProfilesOf({ seccompProfile }: SecurityContext): readonly string[] {
  const { type = 'Unconfined' } = seccompProfile ?? {};
  if (type === 'RuntimeDefault') return RUNTIME_DEFAULT;
  if (type === 'Unconfined') return [];
  throw new Error(`the lab knows no seccomp profile of type ${type}`);
}

/** Those that stay, and the numbers of the others. */
function capabilitiesOf({ capabilities = {} }: SecurityContext) {
  const named = (list: readonly string[] = []) => list.map((one) => one.toLowerCase());
  const drop = new Set(named(capabilities.drop));
  const kept = drop.has('all') ? [] : DEFAULT_CAPABILITIES.filter((one) => !drop.has(one));
  const held = new Set([...kept, ...named(capabilities.add)]);
  return {
    capabilities: [...held].map((one) => `CAP_${one.toUpperCase()}`),
    dropped: [...ALL_CAPABILITIES.keys()].filter(
      (number) => !held.has(ALL_CAPABILITIES[number] ?? ''),
    ),
  };
}

/** @throws when the Pod must not run as root and would */
function userOf(context: SecurityContext, image: ImageConfig) {
  const user = context.runAsUser ?? image.user;
  const group = context.runAsGroup ?? user;
  if (context.runAsNonRoot && user === 0) {
    throw new Error('container has runAsNonRoot and image will run as root');
  }
  return { user, group };
}
