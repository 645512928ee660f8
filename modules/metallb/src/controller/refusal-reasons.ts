import type { ConditionReason } from '../api/conditions.ts';
import type { RefusalReason } from '../ipam/claim.ts';

/** What conditions call the allocator's refusals. */
export const REFUSAL_REASONS: Readonly<Record<RefusalReason, ConditionReason>> = {
  'unknown-pool': 'UnknownPool',
  'pool-not-automatic': 'PoolNotAutomatic',
  'no-such-family': 'NoSuchFamily',
  'pool-exhausted': 'PoolExhausted',
  'requested-ip-not-in-pool': 'RequestedIpNotInPool',
  'requested-ip-in-use': 'RequestedIpInUse',
  'sharing-refused': 'SharingRefused',
};
