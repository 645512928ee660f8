import type { AnnounceReason } from '../api/announcer.ts';
import type { Child } from '../api/child.ts';
import type { EventReason, WantedCondition } from '../api/conditions.ts';
import { CHILD_API_VERSION, CHILD_KIND, CONDITION } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import type { AnnouncedReport, NodeConditionReport, Report } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import { type EventSubject, type Occurrence, subjectOf } from '../store/event-sink.ts';

/** What this node knows about those whom a report concerns. */
export interface ReportContext {
  readonly node: string;
  /** The wire repeats what happened before: an earlier speaker has told that. */
  readonly sinceEpochMs: number;
  readonly nodeObject: KubernetesObject | undefined;
  readonly childrenWithIp: (ip: IpAddress) => readonly Child[];
  /** Those that hold it themselves. */
  readonly servicesWithIp: (ip: IpAddress) => readonly Pick<PublishedService, 'metadata'>[];
  /** What is so about foreign answers for the IP, with this report taken in. */
  readonly conflictOf: (ip: IpAddress) => WantedCondition | undefined;
}

/** Words for people, who know IPs and nodes. */
const WHY: Readonly<Record<AnnounceReason, string>> = {
  Assigned: 'first assignment',
  Takeover: 'the node before was not heard any more',
  Handover: 'handed over',
  Failback: 'back on its preferred node',
  EndpointsMoved: 'the endpoints moved',
  Dispute: 'two nodes had announced it',
};

/**
 * What a report of the wire is worth telling: on the child whose IP it is about and on its Service, where the users
 * look; what concerns all IPs of a node on the Node.
 */
export function eventsOfReport(report: Report, context: ReportContext): Occurrence[] {
  switch (report.type) {
    case 'announced':
      return announced(report, context);
    case 'conflict': {
      const message = context.conflictOf(report.ip)?.message;
      if (message === undefined) return [];
      return onOwners(report.ip, context, 'Warning', CONDITION.addressConflict, message);
    }
    case 'conflict-over': {
      if (context.conflictOf(report.ip) !== undefined) return [];
      const message = `no other host answers for ${report.ip} any more`;
      return onOwners(report.ip, context, 'Normal', `${CONDITION.addressConflict}Over`, message);
    }
    case 'condition':
      return ofNode(report, context);
    case 'withdrawn':
    case 'counters':
    case 'ip-counts':
    case 'segments':
      return [];
  }
}

/** MetalLB's word. One who withdraws tells nothing: whoever announces from then on does. */
function announced(report: AnnouncedReport, context: ReportContext): Occurrence[] {
  const { ip, unchanged, sinceEpochMs, reason } = report;
  if (unchanged || sinceEpochMs < context.sinceEpochMs) return [];
  const type = reason === 'Takeover' ? 'Warning' : 'Normal';
  return onOwners(ip, context, type, 'nodeAssigned', sentenceOf(report, context.node));
}

function sentenceOf({ ip, interface: name, from, reason, darkMs }: AnnouncedReport, node: string) {
  const what =
    from === undefined || from === node
      ? `${node} announces ${ip} on ${name}`
      : `${ip} moved from ${from} to ${node} on ${name}`;
  const dark = darkMs === undefined ? '' : `; dark for ${Math.round(darkMs)} ms`;
  return `${what}: ${WHY[reason]}${dark}`;
}

function ofNode(report: NodeConditionReport, { nodeObject }: ReportContext): Occurrence[] {
  if (nodeObject === undefined) return [];
  const { condition, active, interface: name, message } = report;
  const subject = subjectOf(nodeObject);
  return active
    ? [{ subject, type: 'Warning', reason: condition, message: `${name}: ${message}` }]
    : [{ subject, type: 'Normal', reason: `${condition}Over`, message: `${name}: over` }];
}

function onOwners(
  ip: IpAddress,
  { childrenWithIp, servicesWithIp }: ReportContext,
  type: Occurrence['type'],
  reason: EventReason,
  message: string,
): Occurrence[] {
  const ofChildren = childrenWithIp(ip).flatMap((child) => [parentOf(child), childSubject(child)]);
  return [...ofChildren, ...servicesWithIp(ip).map(serviceSubject)].map((subject) => ({
    subject,
    type,
    reason,
    message,
  }));
}

function serviceSubject({ metadata }: Pick<PublishedService, 'metadata'>): EventSubject {
  const { namespace, name, uid } = metadata;
  return { apiVersion: 'v1', kind: 'Service', namespace, name, uid };
}

function childSubject({ metadata: { namespace, name, uid } }: Child): EventSubject {
  return { apiVersion: CHILD_API_VERSION, kind: CHILD_KIND, namespace, name, uid };
}

/** Its uid stands in the child: this node need not know the Service itself. */
function parentOf({ serviceRef, metadata }: Child): EventSubject {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'Service');
  return { apiVersion: 'v1', kind: 'Service', ...serviceRef, uid: owner?.uid };
}
