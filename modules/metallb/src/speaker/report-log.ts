import type { AnnouncedReport, Report } from '../duty/messages.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Every move, refusal and fault that the wire reports is a line of the log. */
export function logReport(log: Logger, report: Report): void {
  const { type: _, ...facts } = report;
  switch (report.type) {
    case 'announced':
      logAnnounced(log, report);
      break;
    case 'withdrawn':
      log.info('not announcing address any more', facts);
      break;
    case 'conflict':
      log.warn('foreign host answers for address', facts);
      break;
    case 'conflict-over':
      log.info('foreign host is silent', facts);
      break;
    case 'condition':
      if (report.active) log.warn('segment condition began', facts);
      else log.info('segment condition ended', facts);
      break;
    case 'counters':
    case 'segments':
      break;
  }
}

/** An IP that the node had before has not moved, so it has no reason to name. */
function logAnnounced(log: Logger, { type: _, unchanged, ...facts }: AnnouncedReport): void {
  const { reason: _reason, recentMoves: _moves, ...where } = facts;
  if (unchanged) log.info('still announcing address', where);
  else log.info('announcing address', facts);
}
