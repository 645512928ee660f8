import { memberOf, problemAt } from '../api/fields.ts';
import { ANNOTATION, CLASS_KIND } from '../api/names.ts';
import { describeProblem, type Problem } from '../api/problem.ts';
import { parseService, type Service } from '../api/service.ts';
import type { Change } from './admission-review.ts';
import { ALLOWED, type Verdict, warned } from './verdict.ts';
import type { AdmissionView } from './view.ts';

/**
 * A Service is never refused: it has more to do than to get IPs. Annotations that can't be understood are told, since
 * a default stands in for each.
 */
export function reviewService(change: Change, { classes }: AdmissionView): Verdict {
  if (change.operation === 'DELETE') return ALLOWED;
  const parsed = parseService(change.object);
  if (!parsed.ok || !isForUs(parsed.value)) return ALLOWED;
  const names = new Set([...classes.values()].map(({ metadata }) => metadata.name));
  const { loadBalancerClass, problems } = parsed.value;
  // Another implementation's, or a class that is yet to come: our annotations mean nothing there.
  if (loadBalancerClass !== undefined && !names.has(loadBalancerClass)) return ALLOWED;
  return warned([...problems, ...missingClass(parsed.value, names)].map(describeProblem));
}

function isForUs({ type, metadata }: Service): boolean {
  return type === 'LoadBalancer' && metadata.deletionTimestamp === undefined;
}

function missingClass(service: Service, names: ReadonlySet<string>): Problem[] {
  const { classAnnotation, loadBalancerClass } = service;
  if (loadBalancerClass !== undefined || classAnnotation === undefined) return [];
  if (names.has(classAnnotation)) return [];
  const annotations = { object: 'Service', field: 'metadata.annotations' };
  const expected = `expected the name of a ${CLASS_KIND} in force; the Service gets no IPs until there is one`;
  return [problemAt(memberOf(annotations, ANNOTATION.class), classAnnotation, expected)];
}
