import { CHILD_API_VERSION, CHILD_KIND, CLASS_API_VERSION, CLASS_KIND } from '../api/names.ts';
import type { Kind } from '../store/store.ts';

/** What a directory needs to know of a kind. */
export interface KindInfo {
  readonly apiVersion: string;
  readonly namespaced: boolean;
}

/** The kinds that a directory keeps; documents of others are ignored. */
export const KINDS: Readonly<Record<Kind, KindInfo>> = {
  [CLASS_KIND]: { apiVersion: CLASS_API_VERSION, namespaced: false },
  [CHILD_KIND]: { apiVersion: CHILD_API_VERSION, namespaced: true },
  Service: { apiVersion: 'v1', namespaced: true },
  Node: { apiVersion: 'v1', namespaced: false },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', namespaced: true },
};

/** Whether the word is a kind that a directory keeps. */
export function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word);
}
