import type { ObjectName } from './cluster.ts';
import { until } from './exec.ts';
import type { Lab } from './lab.ts';

/** On a busy machine, too: how soon is not what any scenario shows by this. */
const TOLD_WITHIN_MS = 15_000;

/** What a condition shall say, as far as it matters. */
export interface ConditionWish {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: RegExp;
}

/** Waits until people are told so of an object. @returns the condition's message */
export function tells(lab: Lab, object: ObjectName, wish: ConditionWish): Promise<string> {
  const { message = /(?:)/, ...exact } = wish;
  let conditions: readonly Record<string, string>[] = [];
  const what = () =>
    `${object.kind} ${object.name} tells ${JSON.stringify(exact)} ${message}: ${JSON.stringify(conditions)}`;
  return until({ what, deadlineMs: TOLD_WITHIN_MS }, async () => {
    conditions = await conditionsOf(lab, object);
    return conditions
      .filter((one) => Object.entries(exact).every(([field, value]) => one[field] === value))
      .map((one) => one['message'] ?? '')
      .find((text) => message.test(text));
  });
}

/** Waits until the object has no condition of this type any more. */
export function isSilentOn(lab: Lab, object: ObjectName, type: string): Promise<void> {
  return hasNone(lab, object, `tells nothing of ${type}`, (one) => one['type'] === type);
}

/** Waits until no condition of this type holds; one that never did need not be there. */
export function holdsNot(lab: Lab, object: ObjectName, type: string): Promise<void> {
  const holds = (one: Record<string, string>) => one['type'] === type && one['status'] !== 'False';
  return hasNone(lab, object, `has no ${type} that holds`, holds);
}

async function hasNone(
  lab: Lab,
  object: ObjectName,
  how: string,
  isMeant: (condition: Record<string, string>) => boolean,
): Promise<void> {
  const what = `${object.kind} ${object.name} ${how}`;
  await until({ what, deadlineMs: TOLD_WITHIN_MS }, async () => {
    return !(await conditionsOf(lab, object)).some(isMeant);
  });
}

async function conditionsOf(lab: Lab, name: ObjectName): Promise<Record<string, string>[]> {
  const object = await lab.cluster.read(name);
  return (object?.status?.['conditions'] ?? []) as Record<string, string>[];
}
