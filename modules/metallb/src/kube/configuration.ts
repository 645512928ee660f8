import { existsSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { isRecord } from '../api/fields.ts';
import { ConfigurationError } from './errors.ts';

export interface ConfigurationOptions {
  /** Instead of what the environment says. */
  readonly kubeconfig?: string | undefined;
}

/** Where the API server is and who we are to it. */
export interface Configuration {
  /** Without a slash at its end. */
  readonly server: string;
  readonly namespace: string | undefined;
  readonly isProxied: boolean;
  /** Where the client certificate is, if there is one, for messages. */
  readonly certificateName: string;
  /** Adds headers, certificates and the like; reads files and may run a helper program. */
  authenticate(options: RequestOptions): Promise<void>;
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * What `kubeconfig` or the environment's KUBECONFIG names, else the ServiceAccount of the pod that this runs in, else
 * `~/.kube/config`.
 *
 * @throws ConfigurationError
 */
export function findConfiguration(options: ConfigurationOptions): Configuration {
  const source = sourceOf(options);
  const config = readSource(source);
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new ConfigurationError(
      `${source.name}: current-context "${config.getCurrentContext()}" leads to no cluster`,
    );
  }
  return {
    server: serverOf(source.name, cluster.server),
    namespace: context?.namespace?.trim(),
    isProxied: cluster.proxyUrl !== undefined,
    certificateName: certificateNameOf(source.name, config.getCurrentUser()),
    authenticate: (request) => config.applyToHTTPSOptions(request),
  };
}

function certificateNameOf(source: string, user: User | null): string {
  if (user?.certFile) return `client-certificate ${user.certFile}`;
  if (user?.certData) return `client-certificate-data in ${source}`;
  return `client certificate of ${source}`;
}

interface Source {
  /** For messages. */
  readonly name: string;
  /** None: the ServiceAccount of the pod. */
  readonly files?: readonly string[];
}

/** @throws ConfigurationError when there is nothing */
function sourceOf({ kubeconfig }: ConfigurationOptions): Source {
  if (kubeconfig !== undefined) return { name: kubeconfig, files: [kubeconfig] };
  const named = process.env['KUBECONFIG'] ?? '';
  if (named !== '') {
    return { name: `KUBECONFIG=${named}`, files: named.split(delimiter).filter(Boolean) };
  }
  if (existsSync(SERVICE_ACCOUNT_TOKEN)) return { name: SERVICE_ACCOUNT_TOKEN };
  // A container's user need not have a home, and then the system's own function for it fails.
  const home = join(process.env['HOME'] ?? '/', '.kube', 'config');
  if (existsSync(home)) return { name: home, files: [home] };
  throw new ConfigurationError(
    `no Kubernetes configuration: KUBECONFIG is not set, ${SERVICE_ACCOUNT_TOKEN} is not there ` +
      `(as it is in a pod), and neither is ${home}`,
  );
}

/** @throws ConfigurationError */
function readSource({ name, files }: Source): KubeConfig {
  const config = new KubeConfig();
  try {
    if (files === undefined) config.loadFromCluster();
    for (const file of files ?? []) {
      const hasContext = config.getCurrentContext() !== undefined;
      config.mergeConfig(parseKubeconfig(readFileSync(file, 'utf8'), file), hasContext);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${name} can't be read: ${reason}`, { cause: error });
  }
  return config;
}

/** @param file where the text is: what it names relatively is beside it. @throws Error with a sentence, or the library's */
export function parseKubeconfig(text: string, file: string): KubeConfig {
  const written: unknown = parse(text);
  if (!isRecord(written)) throw new Error(`${file}: expected clusters, users and contexts`);
  const config = new KubeConfig();
  config.loadFromString(text);
  config.makePathsAbsolute(dirname(file));
  const users = Array.isArray(written['users']) ? written['users'] : [];
  for (const entry of users.filter(isRecord)) followTokenFile(config, file, entry);
  return config;
}

/** The library does not know a user's `tokenFile`, but can read a token from a file again and again. */
function followTokenFile(
  config: KubeConfig,
  file: string,
  entry: Readonly<Record<string, unknown>>,
): void {
  const tokenFile = isRecord(entry['user']) ? entry['user']['tokenFile'] : undefined;
  if (typeof tokenFile !== 'string') return;
  const path = resolve(dirname(file), tokenFile);
  config.users = config.users.map((user) => {
    if (user.name !== entry['name']) return user;
    const { token: _, ...others } = user;
    return { ...others, authProvider: { name: 'tokenFile', config: { tokenFile: path } } };
  });
}

function serverOf(source: string, server: string): string {
  if (!/^https?:\/\/[^/]/.test(server)) {
    throw new ConfigurationError(
      `${source}: the cluster's server is "${server}"; expected a URL such as https://10.0.0.1:6443`,
    );
  }
  return server.replace(/\/+$/, '');
}
