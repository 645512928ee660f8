import type { Endpoint, EndpointSlice } from '../api/endpoint-slice.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';

/** How well a node's own endpoints serve a Service (network rule 13): 0 = ready, 1 = serving while terminating. */
export type EndpointRanks = ReadonlyMap<string, 0 | 1>;

/** Those that packets to an IP may be sent to: what has endpoints of the other family alone serves none of them. */
export function slicesFor(ip: IpAddress, slices: Iterable<EndpointSlice>): EndpointSlice[] {
  const family = familyOf(ip);
  return [...slices].filter(({ addressType }) => addressType === family);
}

/** Whether anybody serves the Service, on whatever node. */
export function isServed(slices: Iterable<EndpointSlice>): boolean {
  return [...slices].some(({ endpoints }) =>
    endpoints.some((endpoint) => rankOf(endpoint) !== undefined),
  );
}

/** The node that all ready endpoints are on; undefined where there are several, or one whose node nobody knows. */
export function nodeOfAllReady(slices: Iterable<EndpointSlice>): string | undefined {
  const endpoints = [...slices].flatMap((slice) => slice.endpoints);
  const nodes = new Set(endpoints.filter(({ ready }) => ready).map(({ nodeName }) => nodeName));
  const [first] = nodes;
  return nodes.size === 1 ? first : undefined;
}

/** The best endpoint of each node that has one. */
export function rankEndpoints(slices: Iterable<EndpointSlice>): EndpointRanks {
  const ranks = new Map<string, 0 | 1>();
  for (const slice of slices) {
    for (const endpoint of slice.endpoints) {
      const rank = rankOf(endpoint);
      if (rank === undefined || endpoint.nodeName === undefined) continue;
      if (ranks.get(endpoint.nodeName) !== 0) ranks.set(endpoint.nodeName, rank);
    }
  }
  return ranks;
}

/** How many endpoints on a node serve as well as its best one. */
export function countEndpoints(slices: Iterable<EndpointSlice>, node: string): number {
  const ranks = [...slices]
    .flatMap(({ endpoints }) => endpoints.filter(({ nodeName }) => nodeName === node))
    .flatMap((endpoint) => rankOf(endpoint) ?? []);
  return ranks.filter((rank) => rank === Math.min(...ranks)).length;
}

/** Nodes that serve all of several Services, each as well as it serves the worst of them (network rule 10). */
export function rankForAll(services: readonly EndpointRanks[]): EndpointRanks {
  const [first = new Map<string, 0 | 1>(), ...others] = services;
  const ranks = new Map<string, 0 | 1>();
  for (const [node, rank] of first) {
    const elsewhere = others.map((other) => other.get(node));
    if (elsewhere.includes(undefined)) continue;
    ranks.set(node, rank === 1 || elsewhere.includes(1) ? 1 : 0);
  }
  return ranks;
}

/** KEP-1669: an endpoint that still serves, as one does that terminates, is better than none. */
function rankOf(endpoint: Endpoint): 0 | 1 | undefined {
  if (endpoint.ready) return 0;
  return endpoint.serving ? 1 : undefined;
}
