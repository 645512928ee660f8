import { AlreadyExistsError, ConflictError } from '../store/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Backoff } from '../time/backoff.ts';
import { type Clock, formatTimestamp, type Timer } from '../time/clock.ts';
import type { CertificateWish } from './issue-certificate.ts';
import {
  type KeptCertificate,
  type Lifetime,
  lifetimeOf,
  withoutExpired,
} from './kept-certificate.ts';

/** Where all replicas find the same certificate. */
export interface CertificateSecret {
  /** Undefined when there is none; what is missing in it is empty. */
  read(): Promise<StoredCertificate | undefined>;
  /** @throws AlreadyExistsError */
  create(kept: KeptCertificate): Promise<void>;
  /** @throws ConflictError when it is not this version any more */
  replace(version: string, kept: KeptCertificate): Promise<void>;
}

export interface StoredCertificate {
  readonly version: string;
  readonly kept: KeptCertificate;
}

/** Whoever calls the webhook. */
export interface Callers {
  /** Makes them trust these authorities and no others (PEM). Costs nothing when they do already. */
  trust(authorities: string): Promise<void>;
}

export interface KeeperPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly secret: CertificateSecret;
  readonly callers: Callers;
  /** Whether this replica is the one that writes. */
  readonly mayWrite: () => boolean;
  readonly issue: (wish: CertificateWish) => Promise<KeptCertificate>;
  /** Takes a certificate into service, in place of the one before. */
  readonly serve: (kept: KeptCertificate, lifetime: Lifetime) => void;
}

/** How often it is looked whether another replica has renewed it, or somebody has changed what callers trust. */
const LOOK_EVERY_MS = 30_000;
/** While there is no certificate, or none that is of use: the replica that writes makes another. */
const LOOK_SOON_MS = 1_000;
/** How long API servers may take to hear of a new authority: a watch event, and a busy moment. */
const SPREAD_MS = 10_000;

/**
 * Keeps the certificate of the webhook: makes it, shares it with the other replicas, renews it. Callers trust a new
 * certificate's authority before anybody serves that certificate, and that of an old one for as long as anybody could
 * serve it: until it has expired.
 */
export class CertificateKeeper {
  readonly #ports: KeeperPorts;
  readonly #dnsNames: readonly string[];
  readonly #backoff: Backoff;
  #served: { readonly kept: KeptCertificate; readonly lifetime: Lifetime } | undefined;
  /** Made and trusted, not served yet. */
  #successor: { readonly kept: KeptCertificate; readonly trustedAt: number } | undefined;
  /** What was wrong with the certificate last found, said once. */
  #fault: string | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(ports: KeeperPorts, dnsNames: readonly string[]) {
    this.#ports = ports;
    this.#dnsNames = dnsNames;
    this.#backoff = new Backoff(ports.random, { initialMs: 1_000, maximumMs: LOOK_EVERY_MS });
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#lookIn(0);
  }

  /** Looks at once: what this replica may do has changed. */
  lookNow(): void {
    if (!this.#isRunning) return;
    this.#timer?.cancel();
    this.#looking = this.#looking.then(() => {
      this.#timer?.cancel(); // that of the look under way, if there was one
      return this.#lookAndGoOn();
    });
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#looking;
  }

  #lookIn(delayMs: number): void {
    this.#timer = this.#ports.clock.after(delayMs, () => {
      this.#looking = this.#lookAndGoOn();
    });
  }

  async #lookAndGoOn(): Promise<void> {
    if (!this.#isRunning) return;
    const delayMs = await this.#nextDelayMs();
    if (this.#isRunning) this.#lookIn(delayMs);
  }

  async #nextDelayMs(): Promise<number> {
    try {
      const delayMs = await this.#look();
      this.#backoff.reset();
      return delayMs;
    } catch (error) {
      const retryMs = this.#backoff.nextDelayMs();
      // Another replica was faster: what it wrote is read next.
      const isRace = error instanceof ConflictError || error instanceof AlreadyExistsError;
      const facts = { error, retryMs };
      if (isRace) this.#ports.log.debug('webhook certificate written by another replica', facts);
      else this.#ports.log.warn('webhook certificate not looked after', facts);
      return retryMs;
    }
  }

  /** @returns when to look again, in milliseconds */
  async #look(): Promise<number> {
    const { secret, callers, clock, mayWrite } = this.#ports;
    const stored = await secret.read();
    const lifetime = stored && this.#serve(stored.kept);
    if (!mayWrite()) {
      this.#successor = undefined;
      return lifetime === undefined ? LOOK_SOON_MS : LOOK_EVERY_MS;
    }
    const now = clock.epochMs();
    const trusted = withoutExpired(this.#served?.kept.authorities ?? '', now);
    if (lifetime === undefined || now >= lifetime.renewAt) {
      return this.#renew(stored?.version, trusted);
    }
    await callers.trust(trusted);
    return LOOK_EVERY_MS;
  }

  /** @returns undefined for one that can't be served */
  #serve(kept: KeptCertificate): Lifetime | undefined {
    if (this.#served?.kept.certificate === kept.certificate) return this.#served.lifetime;
    // As the chart brings it: nobody has made one yet.
    if (kept.certificate === '') return undefined;
    const { log, serve } = this.#ports;
    const lifetime = lifetimeOf(kept, this.#dnsNames);
    if (typeof lifetime === 'string') {
      if (lifetime !== this.#fault) log.warn('webhook certificate of no use', { reason: lifetime });
      this.#fault = lifetime;
      return undefined;
    }
    serve(kept, lifetime);
    this.#fault = undefined;
    this.#served = { kept, lifetime };
    log.info('webhook certificate in service', { validUntil: formatTimestamp(lifetime.expiresAt) });
    return lifetime;
  }

  /**
   * @param version of the Secret; undefined when there is none
   * @param trusted whom callers must go on trusting; with nobody served so far, nobody need hear of the new one first
   */
  async #renew(version: string | undefined, trusted: string): Promise<number> {
    const { clock, callers, secret } = this.#ports;
    const kept = this.#successor?.kept ?? (await this.#issue());
    const withAll = { ...kept, authorities: `${kept.authorities}${trusted}` };
    await callers.trust(withAll.authorities);
    this.#successor ??= { kept, trustedAt: clock.now() };
    const leftMs = this.#successor.trustedAt + SPREAD_MS - clock.now();
    if (leftMs > 0 && trusted !== '') return leftMs;
    if (version === undefined) await secret.create(withAll);
    else await secret.replace(version, withAll);
    this.#successor = undefined;
    return 0;
  }

  #issue(): Promise<KeptCertificate> {
    const { issue, clock } = this.#ports;
    return issue({ dnsNames: this.#dnsNames, nowEpochMs: clock.epochMs() });
  }
}
