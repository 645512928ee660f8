import type { Logger } from '../../modules/metallb/src/telemetry/logger.ts';

/** A log that nobody reads. */
export const SILENT: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => SILENT,
};
