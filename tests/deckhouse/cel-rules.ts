import { Environment, EvaluationError } from '@marcbachmann/cel-js';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import type { SettingsSchema } from '../chart/settings-schema.ts';

const KEYWORD = 'x-deckhouse-validations';

interface Rule {
  readonly expression: string;
  readonly message: string;
}

/**
 * Messages of the rules in CEL that the value breaks, those of members first. As in addon-operator, a number is a double, and
 * a rule that asks for a member which is absent holds.
 * @throws Error when a rule is malformed or can't be evaluated
 */
export function brokenRules(schema: SettingsSchema, value: unknown): string[] {
  const members = isRecord(value) ? Object.entries(value) : [];
  const broken = members.flatMap(([name, member]) => {
    const own = schema.properties?.[name];
    return own === undefined ? [] : brokenRules(own, member);
  });
  const own = rulesOf(schema).filter((rule) => !holds(rule, value));
  return [...broken, ...own.map(({ message }) => message)];
}

function rulesOf(schema: SettingsSchema): readonly Rule[] {
  const rules = schema[KEYWORD] ?? [];
  if (!Array.isArray(rules)) throw new Error(`${KEYWORD} invalid`);
  return rules.map((rule: unknown) => {
    const { expression, message } = isRecord(rule) ? rule : {};
    if (typeof expression !== 'string' || expression === '') {
      throw new Error(`${KEYWORD} invalid: missing expression`);
    }
    if (typeof message !== 'string' || message === '') {
      throw new Error(`${KEYWORD} invalid: missing message`);
    }
    return { expression, message };
  });
}

function holds({ expression }: Rule, self: unknown): boolean {
  const environment = new Environment().registerVariable('self', 'dyn');
  try {
    const result: unknown = environment.evaluate(expression, { self });
    if (typeof result === 'boolean') return result;
  } catch (cause) {
    if (cause instanceof EvaluationError && cause.code === 'no_such_key') return true;
    throw new Error(`evaluate the '${expression}' rule: ${String(cause)}`, { cause });
  }
  throw new Error('rule should return boolean');
}
