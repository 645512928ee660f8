import type { AdmissionRequest } from '../admission/admission-review.ts';
import { review } from '../admission/review.ts';
import { isAllowed, type Verdict } from '../admission/verdict.ts';
import type { AdmissionOptions, AdmissionView } from '../admission/view.ts';
import type { ListenAddress } from '../telemetry/http-server.ts';
import { CertificateKeeper, type KeeperPorts } from './certificate-keeper.ts';
import { issueCertificate } from './issue-certificate.ts';
import { WebhookServer } from './webhook-server.ts';

export interface WebhookPorts extends Omit<KeeperPorts, 'issue' | 'serve'> {
  /** What is known of the cluster; undefined while that is too little to judge by. */
  readonly view: () => AdmissionView | undefined;
  /** Every answer that was given. */
  readonly onVerdict: (resource: string, verdict: Verdict) => void;
  /** A certificate has gone into service. */
  readonly onCertificate: (expiresAtEpochMs: number) => void;
}

export interface WebhookOptions extends AdmissionOptions {
  readonly address: ListenAddress;
  /** The Service that leads here. */
  readonly service: string;
  readonly namespace: string;
}

/** The validating webhook: a server that judges writes, and the certificate that it serves with. */
export class Webhook {
  readonly #ports: WebhookPorts;
  readonly #options: WebhookOptions;
  readonly #server: WebhookServer;
  readonly #keeper: CertificateKeeper;

  constructor(ports: WebhookPorts, options: WebhookOptions) {
    const { clock, log } = ports;
    this.#ports = ports;
    this.#options = options;
    this.#server = new WebhookServer({
      clock,
      judge: (request) => this.#judge(request),
      onFailure: (error) => log.error('admission review failed', { error }),
    });
    this.#keeper = new CertificateKeeper(
      {
        ...ports,
        issue: issueCertificate,
        serve: (kept, { expiresAt }) => {
          this.#server.use(kept);
          ports.onCertificate(expiresAt);
        },
      },
      dnsNamesOf(options),
    );
  }

  /** @returns the port  @throws ListenError */
  async start(): Promise<number> {
    const port = await this.#server.start(this.#options.address);
    this.#keeper.start();
    return port;
  }

  /** This replica writes from now on. */
  lead(): void {
    this.#keeper.lookNow();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#keeper.stop(), this.#server.stop()]);
  }

  #judge(request: AdmissionRequest): Verdict | undefined {
    const view = this.#ports.view();
    if (view === undefined) return undefined;
    const verdict = review(request, view, this.#options);
    const { resource } = request.resource;
    this.#ports.onVerdict(resource, verdict);
    if (!isAllowed(verdict)) {
      const { refusals } = verdict;
      this.#ports.log.info('write refused', { resource, username: request.username, refusals });
    }
    return verdict;
  }
}

/** What API servers call the Service by, and what people do. */
function dnsNamesOf({ service, namespace }: WebhookOptions): string[] {
  const name = `${service}.${namespace}.svc`;
  return [name, `${name}.cluster.local`];
}
