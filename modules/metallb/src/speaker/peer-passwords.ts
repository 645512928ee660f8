import type { BgpPeer, SecretReference } from '../api/bgp-peer.ts';
import { keyOf } from '../api/object.ts';
import {
  PASSWORD_SECRET_TYPE,
  type PasswordSecret,
  parsePasswordSecret,
} from '../api/password-secret.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';

export interface PeerPasswordsPorts {
  readonly store: Pick<Store, 'watch'>;
  readonly onChange: () => void;
}

/** What a peer's session is secured with: the first in force, others tried in turn; or why nobody knows. */
export type FoundPasswords =
  | { readonly passwords: readonly string[] }
  | { readonly problem: string };

/**
 * Passwords of peers, from Secrets of the namespaces that peers name; none is watched before one is named. Nothing of it
 * is ever written anywhere.
 */
export class PeerPasswords {
  readonly #ports: PeerPasswordsPorts;
  readonly #mirrors = new Map<string, Mirror<PasswordSecret>>();

  constructor(ports: PeerPasswordsPorts) {
    this.#ports = ports;
  }

  /** Of a peer as it is now; a problem keeps the session down, for what is to be secured is not to be without it. */
  of({ metadata, spec }: BgpPeer): FoundPasswords {
    if (spec.passwordSecret === undefined) {
      return { passwords: spec.password === undefined ? [] : [spec.password] };
    }
    const { name, namespace = metadata.namespace ?? 'default' } = spec.passwordSecret;
    const mirror = this.#mirrorOf(namespace);
    const key = keyOf({ namespace, name });
    const secret = `Secret ${key}, which holds its password,`;
    if (!mirror.synced) return { problem: `${secret} can't be read (yet)` };
    const found = mirror.get(key);
    if (found === undefined) return { problem: `${secret} does not exist` };
    const fault = faultOf(found, spec.passwordSecret);
    return fault === undefined ? found : { problem: `${secret} ${fault}` };
  }

  stop(): void {
    for (const mirror of this.#mirrors.values()) mirror.stop();
  }

  #mirrorOf(namespace: string): Mirror<PasswordSecret> {
    const known = this.#mirrors.get(namespace);
    if (known !== undefined) return known;
    const mirror = new Mirror<PasswordSecret>(this.#ports.store, {
      kind: 'Secret',
      namespace,
      parse: parsePasswordSecret,
      onChange: () => this.#ports.onChange(),
      // Whoever asks for it is told; what the Secret holds is not.
      onProblem: () => undefined,
    });
    this.#mirrors.set(namespace, mirror);
    mirror.start();
    return mirror;
  }
}

/** Deckhouse's kinds want a label, MetalLB's a type. */
function faultOf(
  { metadata, type, passwords }: PasswordSecret,
  { label }: SecretReference,
): string | undefined {
  if (label !== undefined && metadata.labels?.[label] !== 'true') {
    return `has not the label ${label}: expected "true"`;
  }
  if (label === undefined && type !== PASSWORD_SECRET_TYPE) {
    return `is of type ${type}: expected ${PASSWORD_SECRET_TYPE}`;
  }
  return passwords.length > 0 ? undefined : 'is of no use: expected 1 to 80 bytes in password';
}
