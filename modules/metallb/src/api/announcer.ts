import { absentAs, type Field, fields, integer, oneOf, word } from './fields.ts';

/** Written by the announcing node's speaker alone. */
export interface Announcer {
  readonly node: string;
  /** RFC 3339 */
  readonly since: string;
  readonly reason: AnnounceReason;
  /** Announcer changes within the 180 s before `since`, this one included (network rule 23). */
  readonly recentMoves: number;
}

export type AnnounceReason =
  | 'Assigned'
  | 'Takeover'
  | 'Handover'
  | 'Failback'
  | 'EndpointsMoved'
  | 'Dispute';

/** `status.announcer` of a child, and of a ServiceL2Status. */
export const announcer: Field<Announcer> = fields({
  node: word,
  since: word,
  reason: oneOf('Assigned', 'Takeover', 'Handover', 'Failback', 'EndpointsMoved', 'Dispute'),
  recentMoves: absentAs(0, integer(0, Number.MAX_SAFE_INTEGER)),
});
