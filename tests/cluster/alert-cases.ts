/** What a Prometheus sees minute by minute, and for which of it an alert goes off. */
export interface AlertCase {
  readonly alert: string;
  /** By series: `first+step x minutes`, as promtool writes them. What must not set it off is there, too. */
  readonly series: Readonly<Record<string, string>>;
  /** Minutes after the beginning at which it must not have gone off yet, and at which it must have. */
  readonly quietAt: number;
  readonly firesAt: number;
  /** The labels of what has gone off then, but for those that the rule adds. */
  readonly fires: readonly string[];
}

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'MetallbPoolNearlyFull',
    series: {
      'metallb_allocator_addresses_in_use{class="full", pod="a"}': '91+0x30',
      'metallb_allocator_addresses_total{class="full", pod="a"}': '100+0x30',
      // The replica that stands by knows none.
      'metallb_allocator_addresses_in_use{class="full", pod="b"}': '0+0x30',
      'metallb_allocator_addresses_total{class="full", pod="b"}': '0+0x30',
      'metallb_allocator_addresses_in_use{class="roomy", pod="a"}': '90+0x30',
      'metallb_allocator_addresses_total{class="roomy", pod="a"}': '100+0x30',
    },
    quietAt: 9,
    firesAt: 11,
    fires: ['class="full"'],
  },
  {
    alert: 'MetallbPoolExhausted',
    series: {
      'metallb_allocator_addresses_in_use{class="full"}': '3+0x30',
      'metallb_allocator_addresses_total{class="full"}': '3+0x30',
      'metallb_allocator_addresses_in_use{class="nearly"}': '2+0x30',
      'metallb_allocator_addresses_total{class="nearly"}': '3+0x30',
      'metallb_allocator_addresses_in_use{class="refused"}': '0+0x30',
      'metallb_allocator_addresses_total{class="refused"}': '0+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['class="full"'],
  },
  {
    alert: 'MetallbServicesWaitForIps',
    series: {
      'metallb_allocator_services_waiting{class="full"}': '1+0x30',
      'metallb_allocator_services_waiting{class="roomy"}': '0+0x30',
    },
    quietAt: 9,
    firesAt: 11,
    fires: ['class="full"'],
  },
  {
    alert: 'MetallbClassRefused',
    series: {
      'metallb_class_accepted{class="wrong", pod="a"}': '0+0x30',
      'metallb_class_accepted{class="right", pod="a"}': '1+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['class="wrong"'],
  },
  {
    alert: 'MetallbReachabilityFailed',
    series: {
      'metallb_reachability_failed{interface="eth0", node="n1"}': '1+0x30',
      'metallb_reachability_failed{interface="eth1", node="n1"}': '0+0x30',
      'metallb_reachability_failed{interface="eth0", node="n2"}': '0+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['interface="eth0", node="n1"'],
  },
  {
    alert: 'MetallbKubeProxyNotSynced',
    series: {
      'metallb_dataplane_gate_failed{node="n1"}': '1+0x30',
      'metallb_dataplane_gate_failed{node="n2"}': '0+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['node="n1"'],
  },
  {
    alert: 'MetallbBgpSessionDown',
    series: {
      'metallb_bgp_session_up{peer="192.0.2.101", node="n1"}': '0+0x30',
      'metallb_bgp_session_up{peer="192.0.2.102", node="n1"}': '1+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['node="n1", peer="192.0.2.101"'],
  },
  {
    alert: 'MetallbIpWithoutAnnouncer',
    series: {
      'metallb_allocator_addresses_in_use{class="a"}': '2+0x30',
      'metallb_announced{ip="192.0.2.1", interface="eth0", node="n1"}': '1+0x30',
      'metallb_announced{ip="192.0.2.1", interface="eth1", node="n1"}': '1+0x30',
    },
    quietAt: 1,
    firesAt: 3,
    fires: [''],
  },
  {
    alert: 'MetallbAddressConflict',
    series: {
      'metallb_address_conflict{ip="192.0.2.1", interface="eth0", node="n1"}': '1+0x30',
      'metallb_address_conflict{ip="192.0.2.2", interface="eth0", node="n1"}': '0+0x30',
    },
    quietAt: 0,
    firesAt: 2,
    fires: ['interface="eth0", ip="192.0.2.1"'],
  },
  {
    alert: 'MetallbIpsRefused',
    series: {
      'metallb_refused_ips{node="n1"}': '1+0x30',
      'metallb_refused_ips{node="n2"}': '0+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['node="n1"'],
  },
  {
    alert: 'MetallbIpAnnouncedTwice',
    series: {
      'metallb_announced{ip="192.0.2.1", interface="eth0", node="n1"}': '1+0x30',
      'metallb_announced{ip="192.0.2.1", interface="eth0", node="n2"}': '1+0x30',
      'metallb_announced{ip="192.0.2.2", interface="eth0", node="n1"}': '1+0x30',
      'metallb_announced{ip="192.0.2.2", interface="eth1", node="n2"}': '1+0x30',
    },
    quietAt: 0,
    firesAt: 2,
    fires: ['interface="eth0", ip="192.0.2.1"'],
  },
  {
    alert: 'MetallbIpsMoveOften',
    series: {
      'metallb_announced{ip="192.0.2.1", interface="eth0", node="n1"}': '1+0x40',
      'metallb_announced{ip="192.0.2.1", interface="eth1", node="n1"}': '1+0x40',
      'metallb_wire_announcer_changes_total{interface="eth0", reason="Takeover", node="n1"}':
        '0+1x40',
      'metallb_wire_announcer_changes_total{interface="eth1", reason="Assigned", node="n1"}':
        '0+1x40',
    },
    quietAt: 2,
    firesAt: 6,
    fires: ['interface="eth0"'],
  },
  {
    alert: 'MetallbNodeLost',
    series: {
      'metallb_wire_peer_up{interface="eth0", peer="n3", node="n1"}': '0+0x30',
      'metallb_wire_peer_up{interface="eth0", peer="n3", node="n2"}': '0+0x30',
      // One of two misses it: a fault of that one.
      'metallb_wire_peer_up{interface="eth0", peer="n2", node="n1"}': '0+0x30',
      'metallb_wire_peer_up{interface="eth0", peer="n2", node="n3"}': '1+0x30',
    },
    quietAt: 0,
    firesAt: 2,
    fires: ['interface="eth0", peer="n3"'],
  },
  {
    alert: 'MetallbHeartbeatsLost',
    series: {
      'metallb_wire_heartbeat_state{interface="eth0", node="n1", state="proven"}': '1+0x30',
      'metallb_wire_heartbeat_state{interface="eth0", node="n1", state="eligible"}': '0+0x30',
      'metallb_wire_heartbeat_state{interface="eth0", node="n2", state="eligible"}': '1+0x30',
    },
    quietAt: 0,
    firesAt: 2,
    fires: ['interface="eth0", node="n1", state="proven"'],
  },
  {
    alert: 'MetallbHeartbeatKeysDiffer',
    series: {
      'metallb_wire_dropped_frames_total{interface="eth0", reason="unknown-key"}': '0+600x40',
      'metallb_wire_dropped_frames_total{interface="eth1", reason="stale"}': '0+600x40',
    },
    quietAt: 9,
    firesAt: 13,
    fires: ['interface="eth0"'],
  },
  {
    alert: 'MetallbHeartbeatKeyMissing',
    series: {
      'metallb_wire_heartbeat_key{interface="eth0", key="new", use="accepted", node="n1"}':
        '1+0x40',
      'metallb_wire_heartbeat_key{interface="eth0", key="old", use="signing", node="n1"}': '1+0x40',
      'metallb_wire_heartbeat_key{interface="eth0", key="old", use="signing", node="n2"}': '1+0x40',
      // Each has both, whatever it does with them.
      'metallb_wire_heartbeat_key{interface="eth1", key="new", use="signing", node="n1"}': '1+0x40',
      'metallb_wire_heartbeat_key{interface="eth1", key="old", use="accepted", node="n1"}':
        '1+0x40',
      'metallb_wire_heartbeat_key{interface="eth1", key="new", use="signing", node="n3"}': '1+0x40',
      'metallb_wire_heartbeat_key{interface="eth1", key="old", use="unused", node="n3"}': '1+0x40',
    },
    quietAt: 14,
    firesAt: 16,
    fires: ['interface="eth0", key="new"'],
  },
  {
    alert: 'MetallbDisputes',
    series: {
      'metallb_wire_disputes_total{interface="eth0"}': '0+1x40',
      'metallb_wire_disputes_total{interface="eth1"}': '5+0x40',
    },
    quietAt: 9,
    firesAt: 13,
    fires: ['interface="eth0"'],
  },
  {
    alert: 'MetallbHeartbeatsLate',
    series: {
      'metallb_wire_event_loop_delay_seconds{node="n1", percentile="100"}': '0.15+0x30',
      'metallb_wire_event_loop_delay_seconds{node="n2", percentile="100"}': '0.05+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['node="n1"'],
  },
  {
    alert: 'MetallbControllerNotReady',
    series: {
      'metallb_controller_ready{pod="a"}': '1 0+0x30',
      'metallb_controller_ready{pod="b"}': '0+0x30',
    },
    quietAt: 5,
    firesAt: 7,
    fires: [''],
  },
  {
    alert: 'MetallbSpeakerWithoutCluster',
    series: {
      'metallb_store_connected{node="n1"}': '0+0x30',
      'metallb_store_connected{node="n2"}': '1+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['node="n1"'],
  },
  {
    alert: 'MetallbWireNotConnected',
    series: {
      'metallb_wire_connected{node="n1"}': '0+0x30',
      'metallb_wire_connected{node="n2"}': '1+0x30',
    },
    quietAt: 0,
    firesAt: 2,
    fires: ['node="n1"'],
  },
  {
    alert: 'MetallbWebhookCertificateExpires',
    series: {
      // In thirteen days.
      'metallb_webhook_certificate_expiry_timestamp_seconds{pod="a"}': '1123200+0x90',
    },
    quietAt: 59,
    firesAt: 61,
    fires: [''],
  },
  {
    alert: 'D8MetallbNotSupportedServiceAnnotationsDetected',
    series: {
      'd8_metallb_not_supported_service_annotations_detected{name="web", namespace="shop", annotation="metallb.io/address-pool"}':
        '1+0x30',
    },
    quietAt: 0,
    firesAt: 2,
    fires: ['annotation="metallb.io/address-pool", name="web", namespace="shop"'],
  },
  {
    alert: 'D8MetallbUpdateMCVersionRequired',
    series: { 'd8_metallb_update_mc_version_required{hook="x"}': '0 1+0x30' },
    quietAt: 1,
    firesAt: 3,
    fires: [''],
  },
  {
    alert: 'D8MetallbObsoleteLayer2PoolsAreUsed',
    series: { 'd8_metallb_obsolete_layer2_pools_are_used{name="old"}': '1+0x30' },
    quietAt: 0,
    firesAt: 2,
    fires: ['name="old"'],
  },
  {
    alert: 'D8MetallbNotOnlyLayer2Pools',
    series: { 'd8_metallb_not_only_layer2_pools{hook="x"}': '0 1+0x30' },
    quietAt: 5,
    firesAt: 7,
    fires: [''],
  },
  {
    alert: 'D8MetallbOrphanedLoadBalancerDetected',
    series: {
      'd8_metallb_orphaned_loadbalancer_detected{name="web", namespace="shop"}': '1+0x30',
    },
    quietAt: 4,
    firesAt: 6,
    fires: ['name="web", namespace="shop"'],
  },
];
