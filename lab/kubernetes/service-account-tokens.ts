import type { Api } from './api.ts';
import { objectPath } from './kinds.ts';
import type { Pod, ProjectedSource } from './pod.ts';

type TokenWish = NonNullable<ProjectedSource['serviceAccountToken']>;

/** A token as the API server gave it. */
export interface IssuedToken {
  readonly text: string;
  readonly lifeSeconds: number;
  /** For whom it has asked; the API server itself may accept it for longer. */
  readonly expiresAt: Date;
}

interface TokenRequest {
  readonly spec: { readonly expirationSeconds: number };
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

const DEFAULT_LIFE_SECONDS = 3_600;
const LONGEST_LIFE_MS = 24 * 3_600_000;
/** Of its life, a token is renewed when this much is left. */
const RENEWED_BEFORE_END = 0.2;

/** Tokens of Pods' ServiceAccounts, as kubelets keep them: in memory, and renewed before they end. */
export class ServiceAccountTokens {
  readonly #api: Api;
  readonly #issued = new Map<string, IssuedToken>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** What stands in the file of a Pod's volume now. */
  async tokenOf(pod: Pod, wish: TokenWish): Promise<string> {
    const key = JSON.stringify([pod.metadata.uid, wish]);
    const known = this.#issued.get(key);
    if (known !== undefined && !isDueForRenewal(known, new Date())) return known.text;
    const issued = await requestToken(this.#api, pod, wish);
    this.#issued.set(key, issued);
    return issued.text;
  }

  /** Every token is asked for again, as by kubelets that were restarted. */
  forget(): void {
    this.#issued.clear();
  }
}

/** When 80 % of its life are over, and after a day at the latest. */
export function isDueForRenewal({ lifeSeconds, expiresAt }: IssuedToken, now: Date): boolean {
  const lifeMs = lifeSeconds * 1_000;
  const leftMs = expiresAt.getTime() - now.getTime();
  return leftMs < lifeMs * RENEWED_BEFORE_END || lifeMs - leftMs > LONGEST_LIFE_MS;
}

/** A token bound to the Pod: it ends with it. */
async function requestToken(
  api: Api,
  pod: Pod,
  { expirationSeconds = DEFAULT_LIFE_SECONDS }: TokenWish,
): Promise<IssuedToken> {
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? 'default';
  const path = `${objectPath('ServiceAccount', account, namespace)}/token`;
  const { spec, status } = (await api.send('POST', path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } },
  })) as TokenRequest;
  return {
    text: status.token,
    lifeSeconds: spec.expirationSeconds,
    expiresAt: new Date(status.expirationTimestamp),
  };
}
