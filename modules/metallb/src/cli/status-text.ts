import type { AnnounceReason, Announcer } from '../api/announcer.ts';
import { formatTimestamp, parseTimestamp } from '../time/clock.ts';
import { formatAge } from './age.ts';
import type { Paint } from './paint.ts';
import type { IpReport, PoolReport, ServiceReport, StatusReport } from './status-report.ts';
import { alignTable, type Row } from './table.ts';

/** How to show a report. */
export interface StatusStyle {
  readonly paint: Paint;
  readonly nowEpochMs: number;
}

const NONE = '-';
const WHY: Readonly<Record<AnnounceReason, string>> = {
  Assigned: 'first assignment',
  Takeover: 'the node before failed',
  Handover: 'planned move',
  Failback: 'back on its preferred node',
  EndpointsMoved: 'the endpoints moved',
  Dispute: 'two nodes claimed it',
};

/** The report as lines for people. */
export function formatStatus(report: StatusReport, style: StatusStyle): string[] {
  const sections = [
    classTable(report, style),
    poolTable(report, style),
    serviceTable(report, style),
    metallbTable(report, style),
    routeTable(report, style),
    sessionTable(report, style),
    unreadableTable(report, style),
    problemLines(report, style),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

function classTable(report: StatusReport, { paint }: StatusStyle): string[] {
  const { classes } = report;
  if (classes.length === 0) {
    return report.pools.length > 0 ? [] : missing('MetalLoadBalancerClass', '', report);
  }
  return alignTable([
    heading(paint, 'CLASS', 'TYPE', 'DEFAULT', 'NODES', 'IPS USED', 'PROBLEMS'),
    ...classes.map((one) => [
      one.name,
      one.type,
      one.isDefault ? 'yes' : 'no',
      String(one.nodes.length),
      `${one.ipsUsed} of ${one.ipsTotal}`,
      paint('bad', one.problems.length === 0 ? '' : String(one.problems.length)),
    ]),
  ]);
}

/** Of a pool that has no addresses of a family there is nothing to say. */
function poolTable({ pools }: StatusReport, { paint }: StatusStyle): string[] {
  if (pools.length === 0) return [];
  const share = ({ used, total }: PoolReport['ipv4']) =>
    total === 0 ? NONE : `${used} of ${total}`;
  return alignTable([
    heading(paint, 'POOL', 'AUTO ASSIGN', 'IPV4 USED', 'IPV6 USED', 'PROBLEMS'),
    ...pools.map(({ pool, autoAssign, ipv4, ipv6, problems }) => [
      pool,
      autoAssign ? 'yes' : 'no',
      share(ipv4),
      share(ipv6),
      paint('bad', problems.length === 0 ? '' : String(problems.length)),
    ]),
  ]);
}

/** Services that no class serves: their IPs prefer no node. */
function metallbTable(report: StatusReport, style: StatusStyle): string[] {
  const services = report.services.filter(({ servedBy }) => servedBy === 'metallb');
  if (services.length === 0) return [];
  return alignTable([
    heading(style.paint, 'SERVICE', 'IP', 'POOL', 'ANNOUNCER', 'SINCE', 'WHY'),
    ...services.flatMap(({ service, pool = NONE, ips, routes }) => {
      const none = [style.paint('bad', 'none'), pool, NONE, NONE, NONE];
      const rows =
        ips.length === 0 ? [none] : ips.map((ip) => ipCells(ip, { from: pool, routes }, style));
      return rows.map((cells, index) => [index === 0 ? service : '', ...cells]);
    }),
  ]);
}

/** Who tells which routers. */
function routeTable({ services }: StatusReport, { paint }: StatusStyle): string[] {
  const rows = services.flatMap(({ service, routes }) =>
    routes.map(({ node, peers, isSilent }, index) => [
      ...[index === 0 ? service : '', node],
      isSilent ? paint('bad', `unknown, last told ${peers.join(', ')}`) : peers.join(', '),
    ]),
  );
  if (rows.length === 0) return [];
  return alignTable([heading(paint, 'ANNOUNCED BY BGP', 'NODE', 'TO'), ...rows]);
}

/** Which routers hear of anything at all, and how much. */
function sessionTable({ sessions }: StatusReport, style: StatusStyle): string[] {
  if (sessions.length === 0) return [];
  const { paint } = style;
  return alignTable([
    heading(paint, 'BGP SESSION', 'ROUTER', 'NODE', 'STATE', 'SINCE', 'PREFIXES'),
    ...sessions.map(({ peer, neighbor, node, state, since, prefixes }, index) => [
      ...(sessions[index - 1]?.peer === peer ? ['', ''] : [peer, neighbor]),
      ...[node, paint(state === 'up' ? 'good' : 'bad', state), ago(since, style)],
      prefixes === undefined ? NONE : String(prefixes),
    ]),
  ]);
}

function serviceTable(report: StatusReport, style: StatusStyle): string[] {
  const services = report.services.filter(({ servedBy }) => servedBy === 'class');
  if (report.services.length === 0) return missing('Service', ' asks for a public IP', report);
  if (services.length === 0) return [];
  const { paint } = style;
  return alignTable([
    heading(paint, 'SERVICE', 'IP', 'PREFERRED NODE', 'ANNOUNCER', 'SINCE', 'WHY'),
    ...services.flatMap((service) => serviceRows(service, style)),
  ]);
}

/** Whoever asks about one Service learns nothing about what else there is. */
function missing(kind: string, rest: string, { subject, unreadable }: StatusReport): string[] {
  if (subject !== undefined) return [];
  const readable = unreadable.some((one) => one.kind === kind) ? 'readable ' : '';
  return [`no ${readable}${kind}${rest}`];
}

function serviceRows({ service, ips, routes }: ServiceReport, style: StatusStyle): Row[] {
  if (ips.length === 0) return [[service, style.paint('bad', 'none'), NONE, NONE, NONE, NONE]];
  return ips.map((ip, index) => [
    index === 0 ? service : '',
    ...ipCells(ip, { from: ip.preferredNode ?? NONE, routes }, style),
  ]);
}

interface BesideIp {
  /** The node that it prefers, or the pool. */
  readonly from: string;
  /** Who announces it by BGP. */
  readonly routes: ServiceReport['routes'];
}

function announcedByBgp(routes: ServiceReport['routes'], paint: Paint): string {
  if (routes.length === 0) return paint('bad', 'nobody');
  return routes.every(({ isSilent }) => isSilent) ? paint('bad', 'unknown') : paint('good', 'BGP');
}

function ipCells(
  { ip, preferredNode, announcer }: IpReport,
  { from, routes }: BesideIp,
  style: StatusStyle,
): Row {
  const { paint } = style;
  if (ip === undefined) return [paint('bad', 'not assigned'), from, NONE, NONE, NONE];
  if (announcer === undefined) {
    return [ip, from, announcedByBgp(routes, paint), NONE, NONE];
  }
  const isHome = announcer.node === (preferredNode ?? announcer.node);
  const node = paint(isHome ? 'good' : 'heading', announcer.node);
  return [ip, from, node, ago(announcer.since, style), why(announcer)];
}

function ago(text: string, { paint, nowEpochMs }: StatusStyle): string {
  const epochMs = parseTimestamp(text);
  if (epochMs === undefined) return text;
  return `${formatAge(nowEpochMs - epochMs)} ago ${paint('aside', `(${formatTimestamp(epochMs)})`)}`;
}

function why({ reason, recentMoves }: Announcer): string {
  const moves = recentMoves > 1 ? `, move ${recentMoves} within 180 s` : '';
  return `${reason}: ${WHY[reason]}${moves}`;
}

/** The programs go on with the last version of these that was good. */
function unreadableTable({ unreadable }: StatusReport, { paint }: StatusStyle): string[] {
  if (unreadable.length === 0) return [];
  const rows = unreadable.flatMap(({ kind, name, ips, problems }) =>
    problems.map((problem, index) => {
      const known = index === 0 ? [`${kind} ${name}`, ips.join(' ') || NONE] : ['', ''];
      return [...known, paint('bad', problem)];
    }),
  );
  return alignTable([heading(paint, 'NOT UNDERSTOOD', 'IPS', 'WHAT IS WRONG'), ...rows]);
}

function problemLines(report: StatusReport, { paint }: StatusStyle): string[] {
  const about = (subject: string, problems: readonly string[]) =>
    problems.map((problem) => `${subject}: ${problem}`);
  const lines = [
    ...report.problems,
    ...report.classes.flatMap(({ name, problems }) => about(`class ${name}`, problems)),
    ...report.pools.flatMap(({ pool, problems }) => about(`pool ${pool}`, problems)),
    ...report.metallb.flatMap(({ object, problems }) => about(object, problems)),
    ...report.services.flatMap(({ service, ips, problems }) => [
      ...about(`Service ${service}`, problems),
      ...ips.flatMap(({ child, ip, problems }) => about(ip ?? child ?? '', problems)),
    ]),
    ...report.nodes.flatMap(({ name, problems }) => about(`node ${name}`, problems)),
  ];
  if (lines.length === 0) return [];
  return [paint('heading', 'PROBLEMS'), ...lines.map((line) => paint('bad', line))];
}

function heading(paint: Paint, ...words: string[]): Row {
  return words.map((word) => paint('heading', word));
}
