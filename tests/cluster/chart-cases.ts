/** What the chart is rendered for. Each has its manifests in tests/golden/chart/<name>.yaml. */
export interface ChartCase {
  readonly name: string;
  readonly values?: object;
  readonly apiVersions?: readonly string[];
}

const DIGEST = `sha256:${'0'.repeat(64)}`;

/** What Deckhouse puts beside the settings of the module. */
export const DECKHOUSE_GLOBALS = {
  deckhouseEdition: 'EE',
  deckhouseVersion: 'v1.77.0',
  enabledModules: [
    ...['operator-prometheus', 'prometheus', 'vertical-pod-autoscaler', 'metallb'],
    'kube-proxy',
  ],
  discovery: {
    clusterUUID: '3f1b0e9c-8e44-4d5d-9a63-0f5f9a6f1c7e',
    clusterControlPlaneIsHighlyAvailable: true,
    d8SpecificNodeCountByRole: { system: 2 },
    prometheusScrapeInterval: 30,
  },
  internal: { modules: { kubeRBACProxyCA: { cert: 'CERTIFICATE' } } },
  modulesImages: {
    registry: { base: 'registry.deckhouse.io/deckhouse/ee', dockercfg: 'e30=' },
    digests: {
      common: { kubeRbacProxy: DIGEST },
      metallb: { controller: DIGEST, node: DIGEST },
    },
  },
} as const;

const OLD_BGP_SETTINGS = {
  addressPools: [{ name: 'bgp-pool', protocol: 'bgp', addresses: ['192.0.2.0/24'] }],
  bgpPeers: [{ 'peer-address': '192.0.2.1', 'peer-asn': 64501, 'my-asn': 64500 }],
  bgpCommunities: { 'no-advertise': '65535:65282' },
};

export const CHART_CASES: readonly ChartCase[] = [
  // No Prometheus Operator: the cluster does not serve its kinds.
  { name: 'defaults' },
  {
    name: 'prometheus-operator',
    values: { metallb: { monitoring: { labels: { release: 'kube-prometheus-stack' } } } },
    apiVersions: ['monitoring.coreos.com/v1'],
  },
  { name: 'shell-operator', values: { metallb: { hookRunner: 'shell-operator' } } },
  {
    name: 'everything-set',
    values: {
      metallb: {
        nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
        tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
        highAvailability: false,
        logLevel: 'debug',
        hookRunner: 'shell-operator',
        coolDownMs: 86_400_000,
        loadBalancerClass: 'example.com/metallb',
        metallbNamespaces: ['default', 'network'],
        legacyConfigMap: 'metallb-system/config',
        metallbPoolPolicy: 'Reassign',
        followEndpoints: false,
        // Without effect: the edition is CE.
        bgp: { listenPort: 179 },
        heartbeat: { intervalMs: 200, multiplier: 5, group: '224.0.0.18', rotation: 3 },
        holdDownMs: 3_600_000,
        announceRate: 10,
        backgroundRate: 10,
        excludeInterfaces: ['^docker', '^mgmt0$'],
        kubeProxy: { metricsUrl: '', waitMs: 0 },
        loopGuard: { enabled: true },
        webhook: { enabled: false },
        clusterId: 'berlin-1',
        heartbeatSecretName: 'my-keys',
        image: {
          ...{ repository: 'mirror.example.com/metallb', tag: '1.2.3', pullPolicy: 'Always' },
          pullSecrets: ['my-registry'],
        },
        networkPolicy: { enabled: false },
        purgeOnUninstall: false,
        resources: {
          ...{ controller: { cpu: '1', memory: '1Gi' }, speaker: { cpu: '0.5' } },
          shellOperator: { cpu: '2' },
        },
      },
    },
  },
  {
    name: 'deckhouse',
    values: {
      global: DECKHOUSE_GLOBALS,
      metallb: {
        registry: { base: 'registry.example.com/modules', dockercfg: 'e30=' },
        bgp: { listenPort: 179 },
      },
    },
  },
  // One control-plane node, no Prometheus, built-in module: the smallest Deckhouse.
  {
    name: 'deckhouse-small',
    values: {
      global: {
        ...DECKHOUSE_GLOBALS,
        deckhouseEdition: 'SE',
        enabledModules: ['metallb'],
        discovery: { clusterUUID: DECKHOUSE_GLOBALS.discovery.clusterUUID },
        internal: {},
      },
    },
  },
];

/** Every edition of Deckhouse, and whether speakers get what BGP takes. The settings of old change nothing anywhere. */
export const EDITION_CASES: readonly {
  readonly edition: string;
  readonly hasBgp: boolean;
  readonly values: object;
}[] = [
  ...['CE', 'BE', 'SE', 'SE-plus', 'CSE-Lite'].map((edition) => ({ edition, hasBgp: false })),
  ...['EE', 'FE', 'CSE-Pro'].map((edition) => ({ edition, hasBgp: true })),
].map((one) => ({ ...one, values: { metallb: { edition: one.edition, ...OLD_BGP_SETTINGS } } }));
