import type { AnnouncedReport, Report } from '../duty/messages.ts';
import { AlreadyExistsError, ConflictError } from '../store/errors.ts';
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
    case 'ip-counts':
    case 'segments':
      break;
  }
}

/** A status that was not written, and will be tried again. */
export function logUnwritten(
  log: Logger,
  facts: { readonly key: string; readonly error: unknown; readonly retryMs: number | undefined },
): void {
  const { error } = facts;
  // Somebody else wrote in between, as it happens to those who share a status.
  const isLate = error instanceof ConflictError || error instanceof AlreadyExistsError;
  log[isLate ? 'debug' : 'warn']('status not written', facts);
}

/** An IP that the node had before has not moved, so it has no reason to name. */
function logAnnounced(log: Logger, { type: _, unchanged, ...facts }: AnnouncedReport): void {
  const { reason: _reason, recentMoves: _moves, ...where } = facts;
  if (unchanged) log.info('still announcing address', where);
  else log.info('announcing address', facts);
}
