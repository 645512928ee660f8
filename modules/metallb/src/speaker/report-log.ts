import type { Report } from '../duty/messages.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Every move, refusal and fault that the wire reports is a line of the log. */
export function logReport(log: Logger, report: Report): void {
  const { type, ...facts } = report;
  switch (type) {
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
      log.warn('segment condition changed', facts);
      break;
    case 'counters':
    case 'peers':
      break;
  }
}
