import type { Report } from '../duty/messages.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Every move, refusal and fault that the wire reports is a line of the log. */
export function logReport(log: Logger, report: Report): void {
  const { type: _, ...facts } = report;
  switch (report.type) {
    case 'announced':
      log.info('announcing address', facts);
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
