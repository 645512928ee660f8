import { integer, LOG_LEVELS, oneOf, socketAddress, storeAddress } from './kinds.ts';
import type { SettingsOf } from './settings.ts';

/** Settings of `controller`. */
export const CONTROLLER_SETTINGS = {
  store: storeAddress({
    description: 'where the cluster state is: manifests:DIRECTORY or kubernetes',
  }),
  metricsAddress: socketAddress({
    description: 'where /metrics, /healthz and /readyz are served',
    default: '127.0.0.1:7472',
  }),
  coolDownMs: integer({
    description: 'how long a released IP is not given to somebody else while others are free',
    default: '60000',
    minimum: 0,
    maximum: 86_400_000,
  }),
  logLevel: oneOf({ description: 'least severe lines to log', default: 'info', words: LOG_LEVELS }),
} as const;

export type ControllerSettings = SettingsOf<typeof CONTROLLER_SETTINGS>;
