import type { Api } from './api.ts';
import type { VolumeFile, VolumeFiles } from './atomic-writer.ts';
import { objectPath } from './kinds.ts';
import type { Pod, ProjectedSource, Volume } from './pod.ts';
import type { ServiceAccountTokens } from './service-account-tokens.ts';

/** Where the content of volumes comes from. */
export interface VolumeSources {
  readonly api: Api;
  readonly tokens: ServiceAccountTokens;
  /** Value of a field such as `metadata.namespace`. */
  readonly field: (path: string) => string;
}

type Files = [path: string, file: VolumeFile][];

const DEFAULT_MODE = 0o644;
const OWNER_ALONE = 0o600;

/** What a volume holds at this moment. @throws for a kind that the lab does not know, and when what it shows is not there */
export async function volumeFiles(
  pod: Pod,
  volume: Volume,
  sources: VolumeSources,
): Promise<VolumeFiles> {
  const { secret, configMap, projected } = volume;
  const { namespace } = pod.metadata;
  if (secret !== undefined) return new Map(await filesOfSecret(secret, namespace, sources));
  if (configMap !== undefined) {
    return new Map(await filesOfConfigMap(configMap, namespace, sources));
  }
  if (projected === undefined) {
    throw new Error(`Pod ${pod.metadata.name}: the lab knows no volume like ${volume.name}`);
  }
  const { defaultMode } = projected;
  const parts = projected.sources.map((one) =>
    filesOfSource(pod, { defaultMode, ...one }, sources),
  );
  return new Map((await Promise.all(parts)).flat());
}

async function filesOfSecret(
  { secretName, defaultMode: mode = DEFAULT_MODE, optional }: NonNullable<Volume['secret']>,
  namespace: string,
  { api }: VolumeSources,
): Promise<Files> {
  const found = (await api.find(objectPath('Secret', secretName, namespace))) as
    | { data?: Record<string, string> }
    | undefined;
  if (found === undefined && optional) return [];
  if (found === undefined) throw new Error(`there is no Secret ${secretName}`);
  // Who shows it may fill it later, as MetalLB's controller fills that of its certificate.
  const data = Object.entries(found.data ?? {});
  return data.map(([key, value]) => [key, { content: Buffer.from(value, 'base64'), mode }]);
}

async function filesOfConfigMap(
  { name, defaultMode: mode = DEFAULT_MODE }: NonNullable<Volume['configMap']>,
  namespace: string,
  { api }: VolumeSources,
): Promise<Files> {
  const found = (await api.get(objectPath('ConfigMap', name, namespace))) as {
    data?: Record<string, string>;
  };
  return Object.entries(found.data ?? {}).map(([key, content]) => [key, { content, mode }]);
}

async function filesOfSource(
  pod: Pod,
  source: ProjectedSource & { readonly defaultMode?: number | undefined },
  sources: VolumeSources,
): Promise<Files> {
  const {
    serviceAccountToken: wish,
    configMap,
    downwardAPI,
    defaultMode: mode = DEFAULT_MODE,
  } = source;
  const files: Files = (downwardAPI?.items ?? []).map(({ path, fieldRef }) => [
    path,
    { content: sources.field(fieldRef.fieldPath), mode },
  ]);
  if (configMap !== undefined) {
    const { namespace } = pod.metadata;
    files.push(
      ...(await filesOfConfigMap({ ...configMap, defaultMode: mode }, namespace, sources)),
    );
  }
  if (wish !== undefined) {
    const content = await sources.tokens.tokenOf(pod, wish);
    const user = userOfAll(pod);
    files.push([wish.path, { content, user, mode: user === undefined ? mode : OWNER_ALONE }]);
  }
  return files;
}

/** Whom a kubelet gives tokens to: the user that the Pod names for all of its containers, if it does. */
function userOfAll({ spec }: Pod): number | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const [user, ...others] = new Set(
    containers.map(
      ({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser,
    ),
  );
  return others.length === 0 ? user : undefined;
}
