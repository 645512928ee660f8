import {
  absentAs,
  accept,
  type Field,
  fields,
  into,
  listOf,
  oneOf,
  refine,
  refuse,
  text,
  textMap,
  word,
} from './fields.ts';

/** metav1.LabelSelector: all of its requirements hold; without any it selects everything. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly LabelExpression[];
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** At least one with `In` and `NotIn`, none with the others. */
  readonly values: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

const expression: Field<LabelExpression> = refine(
  fields({
    key: word,
    operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
    values: absentAs([], listOf(text)),
  }),
  (read, place) => {
    const { operator, values } = read;
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues === values.length > 0) return accept(read);
    const expected = needsValues ? 'expected values of at least one item' : 'expected no values';
    return refuse(place, values, `${expected} with the operator ${operator}`);
  },
);

/** One selector; what is left out selects everything. */
export const labelSelector: Field<LabelSelector> = into(
  fields({
    matchLabels: absentAs({}, textMap),
    matchExpressions: absentAs([], listOf(expression)),
  }),
  (read) => read,
);

/** Selectors of which one is enough; none when absent. */
export const labelSelectors: Field<readonly LabelSelector[]> = absentAs([], listOf(labelSelector));

/** Labels with these values, all of them; none is no selector, which selects everything. */
export function equalitySelectors(matchLabels: Labels): LabelSelector[] {
  return Object.keys(matchLabels).length > 0 ? [{ matchLabels, matchExpressions: [] }] : [];
}

/** Whether all requirements hold for an object with these labels. */
export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => holds(requirement, labels))
  );
}

/** Whether one of the selectors does; without any nothing is asked for, so everything is selected. */
export function anySelects(selectors: readonly LabelSelector[], labels: Labels): boolean {
  return selectors.length === 0 || selectors.some((selector) => selects(selector, labels));
}

/** As the API server has it: a label that is missing is not in any list. */
function holds({ key, operator, values }: LabelExpression, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
