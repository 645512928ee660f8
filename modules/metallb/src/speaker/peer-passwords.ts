import type { BfdProfile } from '../api/bfd-profile.ts';
import type { BgpPeer, SecretReference } from '../api/bgp-peer.ts';
import { SECRETS_ROLE } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import {
  MAX_PASSWORD_BYTES,
  PASSWORD_SECRET_TYPE,
  type PasswordSecret,
  parsePasswordSecret,
} from '../api/password-secret.ts';
import type { WantedBfdKey } from '../bfd/messages.ts';
import { ForbiddenError } from '../kube/errors.ts';
import { MAX_BFD_KEY_BYTES } from '../packet/bfd.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';

export interface PeerPasswordsPorts {
  readonly store: Pick<Store, 'watch'>;
  /** Of the speakers' ServiceAccount. */
  readonly namespace: string;
  readonly onChange: () => void;
}

/** What a peer's session is secured with: the first in force, others tried in turn; or why nobody knows. */
export type FoundPasswords =
  | { readonly passwords: readonly string[] }
  | { readonly problem: string };

/** What the packets of BFD are signed with, if they are; or why nobody knows. */
export type FoundBfdKey = { readonly key: WantedBfdKey | undefined } | { readonly problem: string };

/**
 * Passwords of peers, from Secrets of the namespaces that peers name; none is watched before one is named. Nothing of it
 * is ever written anywhere.
 */
export class PeerPasswords {
  readonly #ports: PeerPasswordsPorts;
  readonly #mirrors = new Map<string, Mirror<PasswordSecret>>();
  /** Namespaces whose Secrets the API server does not show. */
  readonly #forbidden = new Set<string>();

  constructor(ports: PeerPasswordsPorts) {
    this.#ports = ports;
  }

  /** Of a peer as it is now; a problem keeps the session down, for what is to be secured is not to be without it. */
  of({ metadata, spec }: BgpPeer): FoundPasswords {
    if (spec.passwordSecret === undefined) {
      return { passwords: spec.password === undefined ? [] : [spec.password] };
    }
    const { namespace = metadata.namespace } = spec.passwordSecret;
    return this.#read({ ...spec.passwordSecret, namespace }, 'its password');
  }

  /**
   * Of BFD by a profile as it is now; a problem keeps BGP down, too, as a password's does: what is to be told from
   * forgeries is not to go on without.
   */
  ofBfd({ metadata, spec }: BfdProfile): FoundBfdKey {
    if (spec.authentication === undefined) return { key: undefined };
    const { secret: name, keyId: id } = spec.authentication;
    const reference = { namespace: metadata.namespace, name };
    const found = this.#read(reference, 'the key of its BFD', MAX_BFD_KEY_BYTES);
    if ('problem' in found) return found;
    const secret = Buffer.from(found.passwords[0] ?? '').toString('base64');
    return { key: { kind: 'keyed-sha1', id, secret } };
  }

  /** @param what it holds, in words */
  #read(reference: SecretReference, what: string, maxBytes = MAX_PASSWORD_BYTES): FoundPasswords {
    const { namespace = 'default', name } = reference;
    const mirror = this.#mirrorOf(namespace);
    const key = keyOf({ namespace, name });
    const secret = `Secret ${key}, which holds ${what},`;
    if (!mirror.synced) return { problem: `${secret} can't be read${this.#reason(namespace)}` };
    const found = mirror.get(key);
    if (found === undefined) return { problem: `${secret} does not exist` };
    const fault = faultOf(found, reference, maxBytes);
    return fault === undefined ? found : { problem: `${secret} ${fault}` };
  }

  stop(): void {
    for (const mirror of this.#mirrors.values()) mirror.stop();
  }

  #reason(namespace: string): string {
    if (!this.#forbidden.has(namespace)) return ' (yet)';
    const account = `${this.#ports.namespace}:speaker`;
    return `: speakers have no right to list and watch Secrets in the namespace ${namespace}. The chart gives it, at each upgrade, in the module's own and in those of the value metallbNamespaces; elsewhere, or before: kubectl create rolebinding bgp-secrets -n ${namespace} --clusterrole=${SECRETS_ROLE} --serviceaccount=${account}`;
  }

  #mirrorOf(namespace: string): Mirror<PasswordSecret> {
    const known = this.#mirrors.get(namespace);
    if (known !== undefined) return known;
    const mirror = new Mirror<PasswordSecret>(this.#ports.store, {
      kind: 'Secret',
      namespace,
      parse: parsePasswordSecret,
      onChange: () => {
        this.#forbidden.delete(namespace);
        this.#ports.onChange();
      },
      onLost: (error) => {
        if (error instanceof ForbiddenError) this.#forbidden.add(namespace);
        else this.#forbidden.delete(namespace);
        this.#ports.onChange();
      },
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
  maxBytes: number,
): string | undefined {
  if (label !== undefined && metadata.labels?.[label] !== 'true') {
    return `has not the label ${label}: expected "true"`;
  }
  if (label === undefined && type !== PASSWORD_SECRET_TYPE) {
    return `is of type ${type}: expected ${PASSWORD_SECRET_TYPE}`;
  }
  const [password] = passwords;
  return password !== undefined && Buffer.byteLength(password) <= maxBytes
    ? undefined
    : `is of no use: expected 1 to ${maxBytes} bytes in password`;
}
