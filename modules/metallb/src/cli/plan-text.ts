import type { Paint } from './paint.ts';
import {
  type ConditionChange,
  holderOf,
  type IpChange,
  type IpMove,
  type IpPlace,
  type PlanReport,
} from './plan-report.ts';
import { alignTable, type Row } from './table.ts';

const NONE = '-';
/** In the order of the summary: how it is said of one and of several. */
const IN_WORDS: Readonly<Record<IpChange, readonly [one: string, several: string]>> = {
  goes: ['IP goes', 'IPs go'],
  moves: ['IP moves to another node', 'IPs move to other nodes'],
  appears: ['IP appears', 'IPs appear'],
  adopted: ['IP stays and is taken over', 'IPs stay and are taken over'],
  answered: ['IP is answered again', 'IPs are answered again'],
  prefers: ['IP stays and prefers another node', 'IPs stay and prefer other nodes'],
};

/** The plan as lines for people. */
export function formatPlan(plan: PlanReport, paint: Paint): string[] {
  const sections = [
    ipTable(plan, paint),
    plan.withoutIp.map((child) => paint('bad', `no IP for ${child}: see its conditions below`)),
    plan.notTakenOver.map((service) =>
      paint('bad', `${service} is not taken over: see its conditions below`),
    ),
    conditionTable(plan, paint),
    nodeLines(plan, paint),
    summary(plan, paint),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}

function ipTable({ ips }: PlanReport, paint: Paint): string[] {
  if (ips.length === 0) return [];
  let last = '';
  const rows = ips.map((move) => {
    const service = move.service === last ? '' : move.service;
    last = move.service;
    return [service, ...ipCells(move, paint)];
  });
  const heading = ['SERVICE', 'IP', 'CHANGE', 'PREFERRED NODE', 'ANNOUNCER', 'CHILD'];
  return alignTable([heading.map((word) => paint('heading', word)), ...rows]);
}

function ipCells({ ip, change, before, after }: IpMove, paint: Paint): Row {
  const cell = (name: keyof IpPlace) => transition(change, before?.[name], after?.[name]);
  const holder = transition(change, holderOf(before), holderOf(after));
  const meaning = change === 'goes' || change === 'moves' ? 'bad' : 'good';
  return [ip, paint(meaning, change), cell('preferredNode'), cell('announcer'), holder];
}

function transition(
  change: IpChange,
  before: string | undefined,
  after: string | undefined,
): string {
  if (change === 'appears') return after ?? NONE;
  if (change === 'goes') return before ?? NONE;
  return before === after ? (after ?? NONE) : `${before ?? NONE} → ${after ?? NONE}`;
}

function conditionTable({ conditions }: PlanReport, paint: Paint): string[] {
  if (conditions.length === 0) return [];
  return [
    paint('heading', 'CONDITIONS'),
    ...conditions.flatMap((change) => inLines(change, paint)),
  ];
}

/** Sentences are long: below each other, they can be compared. */
function inLines({ object, type, before, after }: ConditionChange, paint: Paint): string[] {
  return [
    `${object} ${type}`,
    ...(before === undefined ? [] : [paint('aside', `  - ${before}`)]),
    ...(after === undefined ? [] : [`  + ${after}`]),
  ];
}

function nodeLines({ balancerNodes: { joins, leaves } }: PlanReport, paint: Paint): string[] {
  return [
    ...joins.map((name) => paint('good', `node ${name} becomes a balancer node`)),
    ...leaves.map((name) => paint('bad', `node ${name} is no balancer node any more`)),
  ];
}

function summary(plan: PlanReport, paint: Paint): string[] {
  const changes: IpChange[] = ['goes', 'moves', 'appears', 'adopted', 'answered', 'prefers'];
  const counted = changes.flatMap((change) => {
    const count = plan.ips.filter((move) => move.change === change).length;
    const isTold = count > 0 || change === 'goes' || change === 'moves';
    return isTold ? [`${count} ${IN_WORDS[change][count === 1 ? 0 : 1]}`] : [];
  });
  const text = `${counted.join(', ')}; ${plan.unchangedIps} unchanged. Nothing was written.`;
  return [paint('heading', text), ...underWay(plan)];
}

function underWay({ underWay: count }: PlanReport): string[] {
  if (count === undefined || count === 0) return [];
  return [
    `${count} other changes happen without this one, as soon as a controller works here: mlb plan without a change shows them.`,
  ];
}
