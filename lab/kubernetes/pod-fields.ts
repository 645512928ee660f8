/** What may stand in a value: anything, or what these fields and the members of a list may hold. */
type Shape = 'anything' | readonly [Shape] | { readonly [field: string]: Shape };

/** Fields that are taken whatever stands in them. */
const unchecked = (...fields: readonly string[]): Readonly<Record<string, Shape>> =>
  Object.fromEntries(fields.map((field) => [field, 'anything']));

const SECURITY = {
  ...unchecked('runAsUser', 'runAsGroup', 'runAsNonRoot', 'seccompProfile'),
  ...unchecked('allowPrivilegeEscalation', 'readOnlyRootFilesystem'),
  capabilities: unchecked('add', 'drop'),
};
const PROBE = {
  httpGet: unchecked('host', 'path', 'port', 'scheme'),
  ...unchecked('initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'),
  // 1, as the API server writes it.
  ...unchecked('successThreshold'),
};
const FIELD_REF = unchecked('apiVersion', 'fieldPath');
const CONTAINER: Readonly<Record<string, Shape>> = {
  ...unchecked('name', 'image', 'command', 'args'),
  env: [{ ...unchecked('name', 'value'), valueFrom: { fieldRef: FIELD_REF } }],
  ports: [unchecked('name', 'containerPort', 'hostPort', 'protocol')],
  volumeMounts: [unchecked('name', 'mountPath', 'readOnly', 'subPath')],
  livenessProbe: PROBE,
  readinessProbe: PROBE,
  securityContext: SECURITY,
  // Of no consequence on a machine that has the image and one user.
  ...unchecked(
    'imagePullPolicy',
    'resources',
    'terminationMessagePath',
    'terminationMessagePolicy',
  ),
};
const VOLUME: Shape = {
  ...unchecked('name', 'emptyDir'),
  hostPath: unchecked('path', 'type'),
  secret: unchecked('secretName', 'defaultMode', 'optional'),
  configMap: unchecked('name', 'defaultMode'),
  projected: {
    ...unchecked('defaultMode'),
    sources: [
      {
        serviceAccountToken: unchecked('path', 'expirationSeconds'),
        // The one that every Pod gets names each of its keys.
        configMap: unchecked('name', 'items'),
        downwardAPI: { items: [{ ...unchecked('path'), fieldRef: FIELD_REF }] },
      },
    ],
  },
};
const POD_SPEC: Shape = {
  containers: [CONTAINER],
  // With it, a sidecar.
  initContainers: [{ ...CONTAINER, ...unchecked('restartPolicy') }],
  volumes: [VOLUME],
  // Volumes are of a mode that every user may read.
  securityContext: { ...SECURITY, ...unchecked('fsGroup') },
  ...unchecked('nodeName', 'nodeSelector', 'hostNetwork', 'restartPolicy', 'serviceAccountName'),
  ...unchecked('automountServiceAccountToken', 'terminationGracePeriodSeconds'),
  // For those who place Pods: the real DaemonSet controller, and the lab's scheduler, which spreads them anyway.
  ...unchecked('affinity', 'tolerations', 'priority', 'priorityClassName', 'preemptionPolicy'),
  ...unchecked('schedulerName'),
  // Of no consequence where no name is resolved and no image is pulled.
  ...unchecked('dnsPolicy', 'imagePullSecrets', 'enableServiceLinks', 'serviceAccount'),
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
