/** What may stand in a value: anything, or what these fields and the members of a list may hold. */
type Shape = 'anything' | readonly [Shape] | { readonly [field: string]: Shape };

const any = (...fields: readonly string[]): Readonly<Record<string, Shape>> =>
  Object.fromEntries(fields.map((field) => [field, 'anything']));

const SECURITY = {
  ...any('runAsUser', 'runAsGroup', 'runAsNonRoot', 'seccompProfile'),
  ...any('allowPrivilegeEscalation', 'readOnlyRootFilesystem'),
  capabilities: any('add', 'drop'),
};
const PROBE = {
  httpGet: any('host', 'path', 'port', 'scheme'),
  ...any('initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'),
  // 1, as the API server writes it.
  ...any('successThreshold'),
};
const FIELD_REF = any('apiVersion', 'fieldPath');
const CONTAINER: Readonly<Record<string, Shape>> = {
  ...any('name', 'image', 'command', 'args'),
  env: [{ ...any('name', 'value'), valueFrom: { fieldRef: FIELD_REF } }],
  ports: [any('name', 'containerPort', 'hostPort', 'protocol')],
  volumeMounts: [any('name', 'mountPath', 'readOnly', 'subPath')],
  livenessProbe: PROBE,
  readinessProbe: PROBE,
  securityContext: SECURITY,
  // Of no consequence on a machine that has the image and one user.
  ...any('imagePullPolicy', 'resources', 'terminationMessagePath', 'terminationMessagePolicy'),
};
const VOLUME: Shape = {
  ...any('name', 'emptyDir'),
  hostPath: any('path', 'type'),
  secret: any('secretName', 'defaultMode', 'optional'),
  configMap: any('name', 'defaultMode'),
  projected: {
    ...any('defaultMode'),
    sources: [
      {
        serviceAccountToken: any('path', 'expirationSeconds'),
        // The one that every Pod gets names each of its keys.
        configMap: any('name', 'items'),
        downwardAPI: { items: [{ ...any('path'), fieldRef: FIELD_REF }] },
      },
    ],
  },
};
const POD_SPEC: Shape = {
  containers: [CONTAINER],
  // With it, a sidecar.
  initContainers: [{ ...CONTAINER, ...any('restartPolicy') }],
  volumes: [VOLUME],
  securityContext: SECURITY,
  ...any('nodeName', 'nodeSelector', 'hostNetwork', 'restartPolicy', 'serviceAccountName'),
  ...any('automountServiceAccountToken', 'terminationGracePeriodSeconds'),
  // For those who place Pods: the real DaemonSet controller, and the lab's scheduler, which spreads them anyway.
  ...any('affinity', 'tolerations', 'priority', 'priorityClassName', 'preemptionPolicy'),
  ...any('schedulerName'),
  // Of no consequence where no name is resolved and no image is pulled.
  ...any('dnsPolicy', 'imagePullSecrets', 'enableServiceLinks', 'serviceAccount'),
};

/**
 * Fields of a Pod that the lab's kubelet would pass over: what it does not know would else be shown by no test.
 * @param spec as the API server gives it, with its defaults  @returns paths such as `containers[0].lifecycle`
 */
export function unknownFields(spec: unknown): string[] {
  return strangersIn(spec, POD_SPEC, '');
}

function strangersIn(value: unknown, shape: Shape, path: string): string[] {
  if (shape === 'anything' || value === null || typeof value !== 'object') return [];
  if (isListOf(shape)) {
    const members = Array.isArray(value) ? value : [];
    return members.flatMap((one, index) => strangersIn(one, shape[0], `${path}[${index}]`));
  }
  return Object.entries(value).flatMap(([field, inner]) => {
    const at = path === '' ? field : `${path}.${field}`;
    const known = shape[field];
    return known === undefined ? [at] : strangersIn(inner, known, at);
  });
}

function isListOf(shape: Exclude<Shape, 'anything'>): shape is readonly [Shape] {
  return Array.isArray(shape);
}
