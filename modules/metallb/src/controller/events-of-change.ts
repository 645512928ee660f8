import { listAt, valueAt } from '../../hooks/lib/json.ts';
import {
  CHILD_CONDITION,
  CLASS_CONDITION,
  CONFIGURATION_CONDITION,
  type ControllerEvent,
  isControllerEvent,
  POOL_CONDITION,
  SERVICE_CONDITION,
} from '../api/conditions.ts';
import { CHILD_ANNOTATION, CHILD_KIND, CLASS_KIND } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { type Occurrence, subjectOf } from '../store/event-sink.ts';
import { DEPRECATED } from './service-addresses.ts';

/** What a condition says when there is something to tell, and under which reason it is told if not under its own. */
interface Complaint {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: ControllerEvent;
  /** For these reasons of the condition, another one. */
  readonly reasons?: Readonly<Record<string, ControllerEvent>>;
  /** A warning, unless it is this. */
  readonly eventType?: 'Normal';
}

const POOL_COMPLAINTS: readonly Complaint[] = [
  { type: POOL_CONDITION.accepted, status: 'False' },
  { type: POOL_CONDITION.advertised, status: 'False' },
];

const OBJECT_COMPLAINTS: readonly Complaint[] = [
  { type: CLASS_CONDITION.accepted, status: 'False' },
  // In force, but not as it was meant.
  { type: CLASS_CONDITION.accepted, status: 'True' },
];

/** Everything else is in force, found or complete again, which the conditions tell. */
const COMPLAINTS: Readonly<Record<string, readonly Complaint[]>> = {
  Service: [
    { type: SERVICE_CONDITION.classBound, status: 'False' },
    { type: SERVICE_CONDITION.annotationsValid, status: 'False' },
    { type: SERVICE_CONDITION.balancerNodes, status: 'False' },
    { type: SERVICE_CONDITION.ipsAssignable, status: 'False', reason: 'AllocationFailed' },
    { type: SERVICE_CONDITION.ipsInPool, status: 'False' },
    { type: SERVICE_CONDITION.ipsAnnounceable, status: 'False' },
    {
      type: SERVICE_CONDITION.metallbPool,
      status: 'False',
      reason: 'AllocationFailed',
      reasons: { InvalidAnnotation: 'LoadBalancerFailed' },
    },
    { type: SERVICE_CONDITION.metallbPool, status: 'True', eventType: 'Normal' },
  ],
  [CHILD_KIND]: [
    { type: CHILD_CONDITION.assigned, status: 'False', reason: 'AllocationFailed' },
    { type: CHILD_CONDITION.inPool, status: 'False' },
    { type: CHILD_CONDITION.announceable, status: 'False' },
  ],
  [CLASS_KIND]: [
    ...OBJECT_COMPLAINTS,
    { type: CLASS_CONDITION.default, status: 'False' },
    { type: CLASS_CONDITION.excludeLabelIgnored, status: 'True' },
    { type: CLASS_CONDITION.excludeLabelIgnored, status: 'False' },
  ],
  ConfigurationState: [{ type: CONFIGURATION_CONDITION.accepted, status: 'False' }],
  IPAddressPool: POOL_COMPLAINTS,
  MetalLoadBalancerPool: POOL_COMPLAINTS,
  L2Advertisement: OBJECT_COMPLAINTS,
  BGPPeer: OBJECT_COMPLAINTS,
  BGPAdvertisement: OBJECT_COMPLAINTS,
  BFDProfile: OBJECT_COMPLAINTS,
  Community: OBJECT_COMPLAINTS,
  MetalLoadBalancerBGPPeer: OBJECT_COMPLAINTS,
  MetalLoadBalancerConfiguration: OBJECT_COMPLAINTS,
};

/**
 * What a write of the controller has brought about, told to whoever reads `kubectl describe`: assignments, refusals and
 * moves. A write that changes nothing of these tells nothing, so that what is said once is not said again by the next
 * controller.
 *
 * @param before the object that the write was based on; undefined when it was new
 */
export function eventsOfChange(
  before: KubernetesObject | undefined,
  after: KubernetesObject,
): Occurrence[] {
  return [
    ...assignments(before, after),
    ...preferredNode(before, after),
    ...acceptance(before, after),
    ...complaints(before, after),
    ...deprecations(before, after),
  ];
}

function complaints(before: KubernetesObject | undefined, after: KubernetesObject): Occurrence[] {
  return (COMPLAINTS[after.kind] ?? []).flatMap(({ type, status, reason, reasons, eventType }) => {
    const now = conditionOf(after, type);
    if (now?.status !== status) return [];
    const then = conditionOf(before, type);
    if (then?.status === status && then.message === now.message) return [];
    const word = reasons?.[now.reason] ?? reason ?? now.reason;
    // In force is no complaint, except where a mended object tells it: see `acceptance`.
    return isControllerEvent(word) && word !== 'Accepted'
      ? occurrence(after, eventType ?? 'Warning', word, now.message)
      : [];
  });
}

/** The word of MetalLB for it, and one that MetalLB has not. */
function assignments(before: KubernetesObject | undefined, after: KubernetesObject): Occurrence[] {
  if (after.kind !== 'Service' && after.kind !== CHILD_KIND) return [];
  const [had, has] = [ipsOf(before), ipsOf(after)];
  const came = has.filter((ip) => !had.includes(ip)).join(', ');
  const went = had.filter((ip) => !has.includes(ip)).join(', ');
  const tally = tallyOf(after);
  const isMetallbs = [before, after].some(
    (object) => conditionOf(object, SERVICE_CONDITION.metallbPool) !== undefined,
  );
  return [
    ...(came === ''
      ? []
      : occurrence(
          after,
          'Normal',
          'IPAllocated',
          `${came} assigned${went === '' ? '' : ` in place of ${went}`}${tally}`,
        )),
    ...(went === '' || (came !== '' && !isMetallbs)
      ? []
      : occurrence(
          after,
          'Normal',
          isMetallbs ? 'ClearAssignment' : 'IPReleased',
          `${went} released${tally}`,
        )),
  ];
}

/** As the message of the condition has it at its end. */
function deprecations(before: KubernetesObject | undefined, after: KubernetesObject): Occurrence[] {
  const said = (object: KubernetesObject | undefined) =>
    conditionOf(object, SERVICE_CONDITION.metallbPool)?.message.split(DEPRECATED)[1];
  const names = said(after);
  if (names === undefined || names === said(before)) return [];
  return occurrence(after, 'Warning', 'deprecatedAnnotation', names);
}

/** Of a Service: how many it has of how many; of a child: where the IP shall be answered. */
function tallyOf(object: KubernetesObject): string {
  if (object.kind === 'Service') {
    const message = conditionOf(object, SERVICE_CONDITION.allIpsAssigned)?.message;
    return message === undefined ? '' : `: ${message}`;
  }
  const node = preferredNodeOf(object);
  return node === undefined ? '' : `, preferred node ${node}`;
}

function preferredNode(
  before: KubernetesObject | undefined,
  after: KubernetesObject,
): Occurrence[] {
  if (before === undefined || after.kind !== CHILD_KIND) return [];
  const [from, to] = [preferredNodeOf(before), preferredNodeOf(after)];
  if (from === undefined || to === undefined || from === to) return [];
  const ips = ipsOf(after).join(', ');
  return occurrence(
    after,
    'Normal',
    'PreferredNodeChanged',
    `${ips === '' ? 'the IP to come' : ips} shall be answered by ${to} and no longer by ${from}`,
  );
}

/** The end of a refusal is worth telling: people wait for it. */
function acceptance(before: KubernetesObject | undefined, after: KubernetesObject): Occurrence[] {
  if (after.kind === 'Service' || after.kind === CHILD_KIND) return [];
  const wasRefused = conditionOf(before, CLASS_CONDITION.accepted)?.status === 'False';
  const now = conditionOf(after, CLASS_CONDITION.accepted);
  if (!wasRefused || now?.status !== 'True') return [];
  return occurrence(after, 'Normal', 'Accepted', now.message);
}

function occurrence(
  object: KubernetesObject,
  type: Occurrence['type'],
  reason: ControllerEvent,
  message: string,
): Occurrence[] {
  return [{ subject: subjectOf(object), type, reason, message }];
}

function conditionOf(object: KubernetesObject | undefined, type: string) {
  const found = listAt(object?.status, 'conditions').find((one) => valueAt(one, 'type') === type);
  if (found === undefined) return undefined;
  const textAt = (name: string) => String(valueAt(found, name) ?? '');
  return { status: textAt('status'), reason: textAt('reason'), message: textAt('message') };
}

function ipsOf(object: KubernetesObject | undefined): string[] {
  const entries = listAt(object?.status, 'loadBalancer', 'ingress');
  return entries.map((entry) => String(valueAt(entry, 'ip')));
}

function preferredNodeOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.annotations?.[CHILD_ANNOTATION.preferredNode];
}
