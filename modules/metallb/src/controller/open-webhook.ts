import type { AdmissionView } from '../admission/view.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { WebhookConfiguration } from '../kube/webhook-configuration.ts';
import { WebhookSecret } from '../kube/webhook-secret.ts';
import type { ControllerSettings } from '../settings/controller-settings.ts';
import { UsageError } from '../settings/settings.ts';
import { ListenError } from '../telemetry/http-server.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { Webhook } from '../webhook/webhook.ts';
import type { WebhookMetrics } from './webhook-metrics.ts';

export interface OpenWebhookPorts {
  readonly client: ApiClient;
  /** Where this controller runs. */
  readonly namespace: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: WebhookMetrics;
  readonly view: () => AdmissionView | undefined;
  /** Whether this replica leads. */
  readonly mayWrite: () => boolean;
}

/** Names that the chart gives. */
const SECRET = 'metallb-webhook';
const CONFIGURATION = 'metallb';

/** The webhook as the settings say, not started; undefined where it is off. */
export function openWebhook(
  { webhookAddress, webhookService, moduleConfigVersion }: ControllerSettings,
  { client, namespace, metrics, ...ports }: OpenWebhookPorts,
): Webhook | undefined {
  if (webhookAddress === undefined) return undefined;
  return new Webhook(
    {
      ...ports,
      secret: new WebhookSecret(client, { namespace, name: SECRET }),
      callers: new WebhookConfiguration(client, CONFIGURATION),
      onVerdict: (resource, verdict) => metrics.count(resource, verdict),
      onCertificate: (expiresAtEpochMs) => metrics.showExpiry(expiresAtEpochMs),
    },
    { address: webhookAddress, service: webhookService, namespace, moduleConfigVersion },
  );
}

/** @throws UsageError where the address can't be listened on */
export async function startWebhook(webhook: Webhook | undefined): Promise<void> {
  try {
    await webhook?.start();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new UsageError(`--webhook-address: ${error.message}`, { cause: error });
  }
}
