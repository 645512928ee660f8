import { ADVERTISEMENT_CONDITION, CHILD_CONDITION } from '../../src/api/conditions.ts';
import {
  ANNOTATION,
  CHILD_ANNOTATION,
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
  CONDITION,
  LABEL,
} from '../../src/api/names.ts';
import { METALLB_SHARED_IP_KEYS } from '../../src/api/service-annotations.ts';
import { ROTATION } from './heartbeat-keys.ts';

/**
 * What hooks see of objects, in the words that jq 1.6 and gojq have in common. Each leaves an object with fewer fields,
 * so that hooks read both alike. Anything left out changes without a run: Node heartbeats, figures in a class's status,
 * announcers.
 *
 * A resourceVersion changes with everything, so it is there only where a patch needs it: for lists that are patched by
 * position (conditions), and where a whole map would have to be added.
 */

const COMPACT = 'with_entries(select(.value != null))';

/** Only the annotations for which the jq condition on `.key` holds. */
function annotationsWhere(condition: string): string {
  return `annotations: (.annotations // {} | with_entries(select(${condition})))`;
}

function isOneOf(field: string, texts: readonly string[]): string {
  return texts.map((text) => `${field} == ${JSON.stringify(text)}`).join(' or ');
}

/** What groups and labels depend on. */
export const NODE_FILTER = `{
  apiVersion: "v1", kind: "Node",
  metadata: (.metadata | {
    name, labels, ${annotationsWhere(isOneOf('.key', [ANNOTATION.drain]))},
    resourceVersion: (if .labels then null else .resourceVersion end)
  } | ${COMPACT})
}`;

/** All that a user writes. */
export const CLASS_FILTER = `{
  apiVersion: "${CLASS_API_VERSION}", kind: "${CLASS_KIND}",
  metadata: (.metadata | {name, uid, creationTimestamp, labels} | ${COMPACT}), spec
} | ${COMPACT}`;

/** Nothing of Services that never had to do with load balancers but that they exist. */
function serviceFilter(metadata: string, spec: string): string {
  return `{apiVersion: "v1", kind: "Service"} + (
  if .spec.type == "LoadBalancer" or (.status.conditions // [] | length > 0) then {
    metadata: (.metadata | {name, namespace, uid, resourceVersion, ${metadata}} | ${COMPACT}), ${spec},
    status: (.status | if . then {conditions, loadBalancer} | ${COMPACT} else . end)
  } | ${COMPACT} else {
    metadata: (.metadata | {name, namespace, uid}), spec: {type: .spec.type}
  } end)`;
}

/** What children are made of. */
export const SERVICE_TO_EXPAND_FILTER = serviceFilter(
  `deletionTimestamp, ${annotationsWhere(`(.key | startswith("network.deckhouse.io/")) or ${isOneOf('.key', METALLB_SHARED_IP_KEYS)}`)}`,
  'spec',
);

/** What a fold changes. */
export const SERVICE_TO_FOLD_FILTER = serviceFilter(
  'deletionTimestamp',
  'spec: {type: .spec.type}',
);

const INGRESS = '{ingress: [.status.loadBalancer.ingress[]? | select(.ip) | {ip}]}';

/** All that expansion writes, and the IPs. */
export const CHILD_TO_KEEP_FILTER = `{
  apiVersion: "${CHILD_API_VERSION}", kind: "${CHILD_KIND}",
  metadata: (.metadata | {
    name, namespace, uid, labels, annotations, ownerReferences, deletionTimestamp,
    resourceVersion: (if .labels and .annotations then null else .resourceVersion end)
  } | ${COMPACT}),
  spec, status: {loadBalancer: ${INGRESS}}
}`;

const FOLDED_CONDITIONS = isOneOf('.type', Object.values(CHILD_CONDITION));

const CLASS_OF_CHILD = annotationsWhere(isOneOf('.key', [CHILD_ANNOTATION.addressPool]));

/** Which class it is of. */
export const CHILD_CLASS_FILTER = `{
  apiVersion: "${CHILD_API_VERSION}", kind: "${CHILD_KIND}",
  metadata: (.metadata | {name, namespace, uid, ${CLASS_OF_CHILD}})
}`;

/** Which nodes it is about, in whichever words, and whether it counts. */
export const ANNOUNCING_FILTER = `{
  apiVersion, kind, metadata: (.metadata | {name, namespace} | ${COMPACT}),
  spec: ((.spec // {}) | {nodeSelectors, nodeSelector} | ${COMPACT}),
  status: {
    conditions: [.status.conditions[]? | select(${isOneOf('.type', [ADVERTISEMENT_CONDITION.accepted])}) | {type, status, reason} | ${COMPACT}]
  }
}`;

/** Whose it is, its IP and what is said of it. */
export const CHILD_TO_FOLD_FILTER = `{
  apiVersion: "${CHILD_API_VERSION}", kind: "${CHILD_KIND}",
  metadata: (.metadata | {
    name, namespace, uid, ownerReferences, ${CLASS_OF_CHILD}
  } | ${COMPACT}),
  spec: {serviceRef: .spec.serviceRef},
  status: {
    loadBalancer: ${INGRESS},
    conditions: [.status.conditions[]? | select(${FOLDED_CONDITIONS}) | {type, status, reason, message} | ${COMPACT}]
  }
}`;

/** Whose it is, and whether it is going. */
export const CHILD_TO_PURGE_FILTER = `{
  apiVersion: "${CHILD_API_VERSION}", kind: "${CHILD_KIND}",
  metadata: (.metadata | {name, namespace, uid, ownerReferences, deletionTimestamp} | ${COMPACT}),
  spec: {serviceRef: .spec.serviceRef}
}`;

/** The member label, and which conditions stand where. */
export const NODE_TO_PURGE_FILTER = `{
  apiVersion: "v1", kind: "Node",
  metadata: (.metadata | {
    name, labels: (.labels // {} | with_entries(select(.key == ${JSON.stringify(LABEL.member)})))
  }),
  status: {conditions: [.status.conditions[]? | {type}]}
}`;

/** All that the controller writes. */
export const METALLB_TO_PURGE_FILTER = `{
  apiVersion, kind,
  metadata: (.metadata | {name, namespace, uid, resourceVersion, ownerReferences} | ${COMPACT}),
  status
} | ${COMPACT}`;

/** Its conditions and figures. */
export const CLASS_TO_PURGE_FILTER = `{
  apiVersion: "${CLASS_API_VERSION}", kind: "${CLASS_KIND}",
  metadata: (.metadata | {name, uid, resourceVersion}), status
} | ${COMPACT}`;

/** Which class a Service asks for, and MetalLB's annotations. */
export const SERVICE_TO_CHECK_FILTER = `{
  apiVersion: "v1", kind: "Service",
  metadata: (.metadata | {name, namespace}), spec: {type: .spec.type}
} + if .spec.type == "LoadBalancer" then {
  metadata: (.metadata | {
    name, namespace, ${annotationsWhere(`.key == ${JSON.stringify(ANNOTATION.class)} or (.key | startswith("metallb.io/") or startswith("metallb.universe.tf/"))`)}
  }),
  spec: (.spec | {type, loadBalancerClass} | ${COMPACT}),
  status: {conditions: [.status.conditions[]? | select(${isOneOf('.type', [CONDITION.classBound])}) | {type, status, reason, message} | ${COMPACT}]}
} else {} end`;

/** Which version its settings have. */
export const MODULE_VERSION_FILTER =
  '{apiVersion, kind, metadata: {name: .metadata.name}, spec: {version: .spec.version}}';

/** The keys, and up to which rotation they are. */
export const HEARTBEAT_SECRET_FILTER = `{
  apiVersion: "v1", kind: "Secret",
  metadata: (.metadata | {
    name, namespace, ${annotationsWhere(`.key == ${JSON.stringify(ROTATION)}`)}
  }),
  data: {keys: .data.keys}
}`;

/** The pools of the module's settings. */
export const MODULE_CONFIG_FILTER = `{
  apiVersion, kind, metadata: {name: .metadata.name},
  spec: {
    version: .spec.version,
    settings: {addressPools: [.spec.settings.addressPools[]? | {name, protocol}]}
  }
}`;
