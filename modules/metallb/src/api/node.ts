import { type IpAddress, parseIp } from '../net/ip.ts';
import { absentAs, type Field, fields, into, listOf, oneOf, text } from './fields.ts';
import { ANNOTATION, LABEL } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** The parts of core/v1 Node that this module reads. */
export interface Node {
  readonly metadata: ObjectMeta;
  readonly labels: Readonly<Record<string, string>>;
  /** Has the annotation `network.deckhouse.io/drain-balancer` (any value but "false"). */
  readonly draining: boolean;
  /** Has the label `node.kubernetes.io/exclude-from-external-load-balancers`. */
  readonly excluded: boolean;
  readonly ready:
    | { readonly status: 'True' | 'False' | 'Unknown'; readonly since: string }
    | undefined;
  /** Its cloud or network plugin says that no Pod can be reached there. */
  readonly networkUnavailable: boolean;
  readonly conditions: readonly Condition[];
  /** Its addresses of type InternalIP; what is no IP address is left out. */
  readonly internalIps: readonly IpAddress[];
}

const addresses = absentAs([], listOf(fields({ type: text, address: text })));

const nodeObject = fields({
  apiVersion: oneOf('v1'),
  kind: oneOf('Node'),
  metadata,
  status: absentAs({}, fields({ addresses, conditions })),
});

const node: Field<Node> = into(nodeObject, ({ metadata, status }) => {
  const { addresses, conditions } = status;
  const labels = metadata.labels ?? {};
  return {
    metadata,
    labels,
    draining: (metadata.annotations?.[ANNOTATION.drain] ?? 'false') !== 'false',
    excluded: labels[LABEL.excludeFromLoadBalancers] !== undefined,
    ready: readinessOf(conditions),
    networkUnavailable: conditions.some(
      ({ type, status }) => type === 'NetworkUnavailable' && status === 'True',
    ),
    conditions,
    internalIps: addresses.flatMap(({ type, address }) =>
      type === 'InternalIP' ? (parseIp(address) ?? []) : [],
    ),
  };
});

/** Reads a Node. */
export function parseNode(object: unknown): Parsed<Node> {
  return parseAs('Node', node, object);
}

function readinessOf(conditions: readonly Condition[]): Node['ready'] {
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready && { status: ready.status, since: ready.lastTransitionTime };
}
