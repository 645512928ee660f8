import { isIP } from 'node:net';
import { run } from './exec.ts';

/** One Service as kube-proxy would see it. */
export interface ServiceRoute {
  readonly ips: readonly string[];
  readonly ports: readonly { protocol: 'tcp' | 'udp'; port: number; targetPort: number }[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly endpoints: readonly { ip: string; node: string | undefined }[];
}

const TABLE = 'inet service_ips';
const MASQUERADE_MARK = '0x4000';

/** The stand-in for kube-proxy: writes the Service IPs into one node's nftables. */
export async function programDataplane(
  namespace: string,
  node: string,
  routes: readonly ServiceRoute[],
): Promise<void> {
  const rules = dataplaneScript(node, routes);
  await run(['ip', 'netns', 'exec', namespace, 'nft', '-f', '-'], rules);
}

/**
 * No IP sits on an interface: packets to it are rewritten to a pod before they are routed. With externalTrafficPolicy
 * Cluster the source is rewritten too, so that the pod's answer comes back through this node.
 */
export function dataplaneScript(node: string, routes: readonly ServiceRoute[]): string {
  const rules = routes.flatMap((route) => routeRules(node, route));
  return [
    `add table ${TABLE}`,
    `delete table ${TABLE}`,
    `table ${TABLE} {`,
    '  chain prerouting {',
    '    type nat hook prerouting priority dstnat;',
    ...rules.map((rule) => `    ${rule}`),
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat;',
    `    meta mark ${MASQUERADE_MARK} masquerade`,
    '  }',
    '}',
    '',
  ].join('\n');
}

function routeRules(node: string, route: ServiceRoute): string[] {
  const isLocal = route.externalTrafficPolicy === 'Local';
  const mark = isLocal ? '' : `meta mark set ${MASQUERADE_MARK} `;
  return route.ips.flatMap((ip) => {
    const family = isIP(ip) === 4 ? 'ip' : 'ip6';
    const endpoints = route.endpoints
      .filter((endpoint) => isIP(endpoint.ip) === isIP(ip))
      .filter((endpoint) => !isLocal || endpoint.node === node);
    return route.ports.map(({ protocol, port, targetPort }) => {
      const match = `${family} daddr ${ip} ${protocol} dport ${port}`;
      if (endpoints.length === 0) return `${match} drop`;
      return `${match} ${mark}dnat ${family} to ${oneOf(endpoints.map((endpoint) => endpoint.ip))}:${targetPort}`;
    });
  });
}

function oneOf(ips: readonly string[]): string {
  if (ips.length === 1) return isIP(ips[0] ?? '') === 6 ? `[${ips[0]}]` : `${ips[0]}`;
  const numbered = ips.map((ip, index) => `${index} : ${ip}`).join(', ');
  return `numgen inc mod ${ips.length} map { ${numbered} }`;
}
