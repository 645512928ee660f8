import { AlreadyExistsError, ConflictError } from '../../modules/metallb/src/store/errors.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { CertificateKeeper } from '../../modules/metallb/src/webhook/certificate-keeper.ts';
import { issueCertificate } from '../../modules/metallb/src/webhook/issue-certificate.ts';
import type { KeptCertificate } from '../../modules/metallb/src/webhook/kept-certificate.ts';
import type { FakeClock } from '../support/fake-clock.ts';

export const DNS_NAMES = ['controller-webhook.metallb.svc'];
export const DAY_MS = 86_400_000;

/** The Secret and the webhook configuration of a cluster, and how often each was written. */
export class SharedCertificate {
  kept: KeptCertificate | undefined;
  trusted = '';
  readonly events: string[] = [];
  #version = 0;

  read() {
    const { kept } = this;
    return Promise.resolve(kept && { version: String(this.#version), kept });
  }

  create(kept: KeptCertificate): Promise<void> {
    if (this.kept !== undefined) return Promise.reject(new AlreadyExistsError('it is there'));
    this.put(kept);
    return Promise.resolve();
  }

  replace(version: string, kept: KeptCertificate): Promise<void> {
    if (version !== String(this.#version)) return Promise.reject(new ConflictError('changed'));
    this.put(kept);
    return Promise.resolve();
  }

  trust(authorities: string): Promise<void> {
    if (authorities !== this.trusted) this.events.push(`trust ${countOf(authorities)}`);
    this.trusted = authorities;
    return Promise.resolve();
  }

  put(kept: KeptCertificate): void {
    this.#version += 1;
    this.kept = kept;
    this.events.push('secret');
  }
}

/** One replica's keeper. */
export class KeeperBench {
  readonly served: KeptCertificate[] = [];
  readonly lines: string[] = [];
  readonly keeper: CertificateKeeper;
  mayWrite = true;
  readonly #clock: FakeClock;
  #issuing: Promise<unknown> = Promise.resolve();

  constructor(clock: FakeClock, shared: SharedCertificate) {
    this.#clock = clock;
    const log = createLogger({
      program: 'controller',
      level: 'debug',
      destination: { write: (line) => this.lines.push(line) },
    });
    const ports = {
      clock,
      random: () => 0,
      log,
      secret: shared,
      callers: shared,
      mayWrite: () => this.mayWrite,
      issue: (wish: Parameters<typeof issueCertificate>[0]) => {
        const issuing = issueCertificate(wish);
        this.#issuing = issuing;
        return issuing;
      },
      serve: (kept: KeptCertificate) => {
        shared.events.push('serve');
        this.served.push(kept);
      },
    };
    this.keeper = new CertificateKeeper(ports, DNS_NAMES);
    this.keeper.start();
  }

  /** Lets time pass in steps no longer than a keeper sleeps, and all that is due come to its end. */
  async pass(ms: number, stepMs = 1_000): Promise<void> {
    for (let left = ms; left >= 0; left -= stepMs) {
      this.#clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  async settle(): Promise<void> {
    for (let issuing: unknown; issuing !== this.#issuing; ) {
      issuing = this.#issuing;
      await issuing;
      for (let turn = 0; turn < 3; turn += 1) {
        await new Promise(setImmediate);
        this.#clock.advance(0);
      }
    }
  }
}

/** How many certificates a PEM text has. */
export function countOf(pem: string): number {
  return pem.split('BEGIN CERTIFICATE').length - 1;
}
