/** Where objects of a kind live in the API. */
export interface ResourcePath {
  /** `/api/v1` or `/apis/GROUP/VERSION`. */
  readonly root: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

const CORE = '/api/v1';
const METALLB = 'metallb.io/v1beta1';
const DECKHOUSE = 'network.deckhouse.io/v1alpha1';

function core(plural: string, isNamespaced = true): ResourcePath {
  return { root: CORE, plural, isNamespaced };
}

function named(groupVersion: string, plural: string, isNamespaced = true): ResourcePath {
  return { root: `/apis/${groupVersion}`, plural, isNamespaced };
}

const KINDS: Readonly<Record<string, ResourcePath>> = {
  Namespace: core('namespaces', false),
  Node: core('nodes', false),
  Pod: core('pods'),
  Secret: core('secrets'),
  ConfigMap: core('configmaps'),
  Event: core('events'),
  Service: core('services'),
  ServiceAccount: core('serviceaccounts'),
  EndpointSlice: named('discovery.k8s.io/v1', 'endpointslices'),
  Lease: named('coordination.k8s.io/v1', 'leases'),
  Deployment: named('apps/v1', 'deployments'),
  ReplicaSet: named('apps/v1', 'replicasets'),
  DaemonSet: named('apps/v1', 'daemonsets'),
  Job: named('batch/v1', 'jobs'),
  ControllerRevision: named('apps/v1', 'controllerrevisions'),
  ClusterRole: named('rbac.authorization.k8s.io/v1', 'clusterroles', false),
  ClusterRoleBinding: named('rbac.authorization.k8s.io/v1', 'clusterrolebindings', false),
  ValidatingWebhookConfiguration: named(
    'admissionregistration.k8s.io/v1',
    'validatingwebhookconfigurations',
    false,
  ),
  CustomResourceDefinition: named('apiextensions.k8s.io/v1', 'customresourcedefinitions', false),
  ModuleConfig: named('deckhouse.io/v1alpha1', 'moduleconfigs', false),
  MetalLoadBalancerClass: named(DECKHOUSE, 'metalloadbalancerclasses', false),
  SDNInternalL2LBService: named(
    'internal.network.deckhouse.io/v1alpha1',
    'sdninternall2lbservices',
  ),
  IPAddressPool: named(METALLB, 'ipaddresspools'),
  L2Advertisement: named(METALLB, 'l2advertisements'),
  BGPAdvertisement: named(METALLB, 'bgpadvertisements'),
  BGPPeer: named('metallb.io/v1beta2', 'bgppeers'),
  BFDProfile: named(METALLB, 'bfdprofiles'),
  Community: named(METALLB, 'communities'),
  ServiceL2Status: named(METALLB, 'servicel2statuses'),
  ServiceBGPStatus: named(METALLB, 'servicebgpstatuses'),
  ConfigurationState: named(METALLB, 'configurationstates'),
  MetalLoadBalancerPool: named(DECKHOUSE, 'metalloadbalancerpools', false),
  MetalLoadBalancerBGPPeer: named(DECKHOUSE, 'metalloadbalancerbgppeers', false),
  MetalLoadBalancerConfiguration: named(DECKHOUSE, 'metalloadbalancerconfigurations', false),
};

/** @throws for a kind that the lab does not know */
export function resourceOf(kind: string): ResourcePath {
  const resource = KINDS[kind];
  if (resource === undefined) throw new Error(`lab/kubernetes/kinds.ts does not know ${kind}`);
  return resource;
}

export function apiVersionOf(kind: string): string {
  return resourceOf(kind).root.replace(/^\/apis?\//, '');
}

/** Path of all objects of a kind, or of those of one namespace. */
export function collectionPath(kind: string, namespace?: string): string {
  const { root, plural, isNamespaced } = resourceOf(kind);
  return isNamespaced && namespace !== undefined
    ? `${root}/namespaces/${namespace}/${plural}`
    : `${root}/${plural}`;
}

export function objectPath(kind: string, name: string, namespace = 'default'): string {
  return `${collectionPath(kind, namespace)}/${name}`;
}
