import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** What the manifests hold, as far as the tests look at it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Workload;
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
  readonly automountServiceAccountToken?: boolean;
  readonly webhooks?: readonly {
    readonly failurePolicy: string;
    readonly clientConfig: { readonly service: { readonly name: string; readonly port: number } };
  }[];
}

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Workload {
  readonly replicas?: number;
  readonly selector?: {
    readonly matchLabels?: Readonly<Record<string, string>>;
    /** In a Service, which has labels here. */
    readonly app?: string;
  };
  readonly strategy?: { readonly type: string };
  readonly updateStrategy?: { readonly rollingUpdate: { readonly maxUnavailable: number } };
  readonly ports?: readonly { readonly name: string; readonly targetPort: string }[];
  readonly template?: {
    readonly metadata: {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };
    readonly spec: PodSpec;
  };
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly priorityClassName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly hostNetwork?: boolean;
  readonly dnsPolicy?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  readonly affinity?: object;
  readonly securityContext: SecurityContext;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly secret?: { readonly secretName: string; readonly defaultMode: number };
    readonly hostPath?: { readonly path: string; readonly type: string };
  }[];
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly restartPolicy?: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly securityContext: SecurityContext;
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
}

interface Probe {
  readonly httpGet: {
    readonly host?: string;
    readonly path: string;
    readonly port: string | number;
  };
}

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly readOnlyRootFilesystem?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly seccompProfile?: { readonly type: string };
  readonly capabilities?: { readonly drop: readonly string[]; readonly add?: readonly string[] };
}

const FOLDER = new URL('../golden/chart/', import.meta.url);

/** What Helm renders, by the name of the case: tests/cluster/chart-render.cluster.ts keeps the files level with it. */
export const RENDERED: ReadonlyMap<string, readonly Manifest[]> = new Map(
  readdirSync(FOLDER).map((file) => {
    const text = readFileSync(new URL(file, FOLDER), 'utf8');
    const documents = parseAllDocuments(text, { version: '1.1' });
    return [file.replace(/\.yaml$/, ''), documents.map((each) => each.toJS() as Manifest)];
  }),
);

/** Cases in which the chart brings the operator that runs the hooks. */
export const WITH_SHELL_OPERATOR: readonly string[] = ['everything-set', 'shell-operator'];

/** @throws where there is none, or more than one */
export function the(kind: string, name: string, caseName = 'defaults'): Manifest {
  const found = (RENDERED.get(caseName) ?? []).filter(
    (manifest) => manifest.kind === kind && manifest.metadata.name === name,
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`${found.length} manifests of ${kind} ${name} in case ${caseName}`);
  }
  return only;
}

export function podOf(kind: 'DaemonSet' | 'Deployment', name: string, caseName?: string): PodSpec {
  const pod = the(kind, name, caseName).spec?.template?.spec;
  if (pod === undefined) throw new Error(`${kind} ${name} has no pod`);
  return pod;
}
