import { fetchPage } from './http.ts';
import type { Lab } from './lab.ts';
import { ipv4On, numberOf } from './plan.ts';

const LOOPBACK = '127.0.0.1';
const PORT = 7474;

/** One line of Prometheus' text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What the speaker of a node shows, its wire's figures of the last second included. */
export async function metricsOf(lab: Lab, node: string): Promise<MetricSample[]> {
  // Pods of the module show them to Prometheus.
  const isPod = lab.options.release !== undefined;
  const host = isPod ? ipv4On('management', numberOf(node)) : LOOPBACK;
  const { body } = await fetchPage(lab.namespace(node), `http://${host}:${PORT}/metrics`);
  const lines = body.matchAll(/^(metallb_\w+)(?:\{(.*)\})? (\S+)$/gm);
  return [...lines].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', text = '']) => [label, text]),
    ),
    value: Number(value),
  }));
}

/** The sum of all lines of that name which have these labels. */
export async function metricOf(
  lab: Lab,
  node: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels);
  return (await metricsOf(lab, node))
    .filter((one) => one.name === name)
    .filter((one) => wanted.every(([label, value]) => one.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** The sum over nodes. */
async function sumOf(lab: Lab, nodes: readonly string[], name: string): Promise<number> {
  const values = await Promise.all(nodes.map((node) => metricOf(lab, node, name)));
  return values.reduce((sum, value) => sum + value, 0);
}

/** How often any of these nodes has found another one dead. */
export function deathsSeen(lab: Lab, nodes: readonly string[] = lab.nodes): Promise<number> {
  return sumOf(lab, nodes, 'metallb_wire_peers_died_total');
}

/** Claims of peers on what these nodes announce. */
export function disputesSeen(lab: Lab, nodes: readonly string[]): Promise<number> {
  return sumOf(lab, nodes, 'metallb_wire_disputes_total');
}
