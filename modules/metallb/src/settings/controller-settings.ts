import {
  boolean,
  integer,
  LOG_LEVELS,
  oneOf,
  socketAddress,
  socketAddressOrOff,
  storeAddress,
  text,
} from './kinds.ts';
import { METALLB_SETTINGS } from './metallb-settings.ts';
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
  leaseDurationMs: integer({
    description:
      'how long a replica waits before it takes over from a leader that is silent; a leader that can not renew stops writing after two thirds of it',
    default: '3000',
    minimum: 1_000,
    maximum: 60_000,
  }),
  hookRunner: oneOf({
    description:
      'who writes children, statuses of Services and labels of nodes, and nobody else does',
    default: 'controller',
    words: ['controller', 'shell-operator'],
  }),
  webhookAddress: socketAddressOrOff({
    description:
      'where API servers reach the validating webhook, such as [::]:9443, or off; only with --store kubernetes',
    default: 'off',
  }),
  webhookService: text({
    description: 'the Service that leads there: its certificate is for this name',
    default: 'controller-webhook',
    maxLength: 63,
  }),
  webhookServicePort: integer({
    description: 'the port of that Service',
    default: '443',
    minimum: 1,
    maximum: 65_535,
  }),
  convertPeers: boolean({
    description:
      'whether the webhook converts BGPPeers between v1beta1 and v1beta2; where it does not, API servers do, which drops what v1beta1 has no fields for. Not beside a MetalLB that runs: the definition can name one webhook',
    default: 'false',
  }),
  moduleConfigVersion: integer({
    description:
      "version of Deckhouse's ModuleConfig: with 1, only Deckhouse changes the classes that its migration made",
    default: '3',
    minimum: 1,
    maximum: 3,
  }),
  ...METALLB_SETTINGS,
  logLevel: oneOf({ description: 'least severe lines to log', default: 'info', words: LOG_LEVELS }),
} as const;

export type ControllerSettings = SettingsOf<typeof CONTROLLER_SETTINGS>;
