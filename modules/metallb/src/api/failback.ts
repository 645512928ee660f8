import {
  absentAs,
  accept,
  type Field,
  fields,
  memberOf,
  oneOf,
  optional,
  refine,
  refuse,
  text,
} from './fields.ts';
import type { Parsed } from './problem.ts';

/** When a returning preferred node takes its IPs back (network rule 22). */
export type Failback =
  | { readonly mode: 'auto' | 'never' }
  /** Daily UTC window, minutes since midnight; may wrap over midnight. */
  | { readonly mode: 'window'; readonly startMinute: number; readonly endMinute: number };

const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/** `spec.l2.failback`: a mode and, with mode `window`, the window. */
export const failback: Field<Failback> = refine(
  fields({
    mode: absentAs('auto', oneOf('auto', 'window', 'never')),
    window: optional(text),
  }),
  ({ mode, window }, place): Parsed<Failback> => {
    const at = memberOf(place, 'window');
    if (mode !== 'window') {
      return window === undefined
        ? accept({ mode })
        : refuse(at, window, 'expected no window unless the mode is window');
    }
    const [startMinute, endMinute] = minutesOf(window ?? '');
    if (startMinute === undefined || endMinute === undefined || startMinute === endMinute) {
      return refuse(at, window, 'expected two different UTC times such as 22:00-04:00');
    }
    return accept({ mode, startMinute, endMinute });
  },
);

function minutesOf(window: string): readonly number[] {
  const [, startHour, startMinute, endHour, endMinute] = WINDOW.exec(window) ?? [];
  if (startHour === undefined) return [];
  return [Number(startHour) * 60 + Number(startMinute), Number(endHour) * 60 + Number(endMinute)];
}
