import type { AdmissionView } from '../admission/view.ts';
import { CONVERSION_PATH } from '../api/names.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { PeerDefinition } from '../kube/peer-definition.ts';
import { WebhookConfiguration } from '../kube/webhook-configuration.ts';
import { WebhookSecret } from '../kube/webhook-secret.ts';
import type { ControllerSettings } from '../settings/controller-settings.ts';
import { watchedNamespaces } from '../settings/metallb-settings.ts';
import { UsageError } from '../settings/settings.ts';
import { ListenError } from '../telemetry/http-server.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { Webhook } from '../webhook/webhook.ts';
import { releaseConversion } from './conversion-release.ts';
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

/** What a replica does for API servers beside answering from the cluster's state. */
export interface OpenedWebhook {
  /** Not started; undefined where it is off. */
  readonly webhook: Webhook | undefined;
  /** This replica writes from now on. */
  readonly lead: () => void;
}

/** The webhook as the settings say. */
export function openWebhook(
  settings: ControllerSettings,
  { client, namespace, metrics, ...ports }: OpenWebhookPorts,
): OpenedWebhook {
  const { webhookAddress, webhookService, webhookServicePort } = settings;
  const configuration = new WebhookConfiguration(client, CONFIGURATION);
  const service = {
    ...{ namespace, name: webhookService },
    ...{ path: CONVERSION_PATH, port: webhookServicePort },
  };
  const definition = new PeerDefinition(
    client,
    (asked) => asked.namespace === namespace && asked.name === webhookService,
  );
  const converts = settings.convertPeers && webhookAddress !== undefined;
  let isTold = false;
  const webhook =
    webhookAddress &&
    new Webhook(
      {
        ...ports,
        secret: new WebhookSecret(client, { namespace, name: SECRET }),
        callers: {
          trust: async (authorities) => {
            await configuration.trust(authorities);
            if (!converts || (await definition.trust(authorities, service))) return;
            if (!isTold) ports.log.warn('BGPPeers may be stored as v1beta1: not converted here');
            isTold = true;
          },
        },
        onVerdict: (resource, verdict) => metrics.count(resource, verdict),
        onCertificate: (expiresAtEpochMs) => metrics.showExpiry(expiresAtEpochMs),
      },
      {
        ...{ address: webhookAddress, service: webhookService, namespace },
        moduleConfigVersion: settings.moduleConfigVersion,
        edition: settings.edition,
        metallbNamespaces: watchedNamespaces(settings),
      },
    );
  const lead = () => {
    webhook?.lead();
    if (!converts) void releaseConversion({ ...ports, definition });
  };
  return { webhook, lead };
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
