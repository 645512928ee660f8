import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Api } from './api.ts';
import { objectPath } from './kinds.ts';
import type { Pod, ProjectedSource, Volume } from './pod.ts';

/** Where volumes come from. */
export interface VolumePorts {
  readonly api: Api;
  /** Of this Pod alone: what ends with it. */
  readonly podDirectory: string;
  /** The node's own disk: what stays. */
  readonly nodeDirectory: string;
  /** Value of a field such as `metadata.namespace`. */
  readonly field: (path: string) => string;
  /** Whom the files belong to. */
  readonly user: number;
}

/** Makes the directory of a volume. @returns its path; undefined for a kind that the lab does not know */
export async function makeVolume(pod: Pod, volume: Volume, ports: VolumePorts): Promise<string> {
  if (volume.hostPath !== undefined) {
    const path = join(ports.nodeDirectory, volume.hostPath.path);
    // Any other type is refused where nothing is there, as a kubelet does.
    if (['', 'DirectoryOrCreate'].includes(volume.hostPath.type ?? '')) {
      await mkdir(path, { recursive: true });
    }
    return path;
  }
  const directory = join(ports.podDirectory, volume.name);
  await mkdir(directory, { recursive: true });
  if (volume.emptyDir !== undefined) await chmod(directory, 0o777);
  else await fill(directory, pod, volume, ports);
  return directory;
}

async function fill(
  directory: string,
  pod: Pod,
  volume: Volume,
  ports: VolumePorts,
): Promise<void> {
  const { namespace } = pod.metadata;
  const { secret, configMap, projected } = volume;
  if (secret !== undefined) {
    const path = objectPath('Secret', secret.secretName, namespace);
    const found = (await ports.api.find(path)) as { data?: Record<string, string> } | undefined;
    if (found === undefined && secret.optional) return;
    const data = Object.entries(found?.data ?? {});
    const files = data.map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
    if (files.length === 0) throw new Error(`Secret ${secret.secretName} holds nothing`);
    await writeFiles(directory, files, secret.defaultMode ?? 0o644, ports.user);
  } else if (configMap !== undefined) {
    await writeConfigMap(directory, namespace, configMap.name, ports);
  } else if (projected !== undefined) {
    for (const source of projected.sources) await project(directory, pod, source, ports);
  } else {
    throw new Error(`Pod ${pod.metadata.name}: the lab knows no volume like ${volume.name}`);
  }
}

async function writeConfigMap(
  directory: string,
  namespace: string,
  name: string,
  { api, user }: VolumePorts,
): Promise<void> {
  const found = (await api.get(objectPath('ConfigMap', name, namespace))) as {
    data?: Record<string, string>;
  };
  await writeFiles(directory, Object.entries(found.data ?? {}), 0o644, user);
}

async function project(
  directory: string,
  pod: Pod,
  source: ProjectedSource,
  ports: VolumePorts,
): Promise<void> {
  const { serviceAccountToken: token, configMap, downwardAPI } = source;
  if (configMap !== undefined) {
    await writeConfigMap(directory, pod.metadata.namespace, configMap.name, ports);
  }
  const fields = downwardAPI?.items ?? [];
  const files = fields.map(
    ({ path, fieldRef }) => [path, ports.field(fieldRef.fieldPath)] as const,
  );
  await writeFiles(directory, files, 0o644, ports.user);
  if (token === undefined) return;
  const text = await requestToken(ports.api, pod, token.expirationSeconds ?? 3_600);
  await writeFiles(directory, [[token.path, text]], 0o600, ports.user);
}

/** A token bound to the Pod, as a kubelet asks for it. */
async function requestToken(api: Api, pod: Pod, expirationSeconds: number): Promise<string> {
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? 'default';
  const { status } = (await api.send(
    'POST',
    `${objectPath('ServiceAccount', account, namespace)}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
    },
  )) as { status: { token: string } };
  return status.token;
}

async function writeFiles(
  directory: string,
  files: readonly (readonly [string, string | Buffer])[],
  mode: number,
  user: number,
): Promise<void> {
  for (const [name, content] of files) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { mode });
    await chown(path, user, user);
  }
}
