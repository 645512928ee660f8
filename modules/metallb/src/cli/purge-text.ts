import type { Paint } from './paint.ts';
import type { PurgeReport } from './purge.ts';
import { alignTable } from './table.ts';

/** The report as lines for people. */
export function formatPurge(report: PurgeReport, paint: Paint): string[] {
  const { removals, leaving, written } = report;
  const rows = removals.map(({ kind, object, parts }) => [
    `${kind} ${object}`,
    parts.length === 0 ? 'the object' : parts.join(', '),
  ]);
  const heading = ['OBJECT', written ? 'REMOVED' : 'WOULD BE REMOVED'];
  const table =
    rows.length === 0
      ? []
      : [...alignTable([heading.map((word) => paint('heading', word)), ...rows]), ''];
  return [
    ...table,
    ...leaving.map(({ child, finalizers }) => paint('bad', whyItStays(child, finalizers))),
    summary(report),
  ];
}

function whyItStays(child: string, finalizers: readonly string[]): string {
  const others = finalizers.join(', ') || 'what owns it';
  return `SDNInternalL2LBService ${child} is deleted once ${others} lets go of it`;
}

function summary({ removals, written }: PurgeReport): string {
  if (removals.length === 0) return 'nothing of the module is left to remove';
  const objects = `${removals.length} object${removals.length === 1 ? '' : 's'}`;
  return written ? `removed from ${objects}` : `${objects}; nothing was written: --yes does it`;
}
