import {
  type AdmissionRequest,
  admissionAnswer,
  parseAdmissionReview,
} from '../admission/admission-review.ts';
import type { Verdict } from '../admission/verdict.ts';
import { formatProblems } from '../api/problem.ts';
import type { Answer } from '../telemetry/http-server.ts';
import { inJson, inWords, parseJson } from './bodies.ts';

/** Judges a write; undefined while too little is known for that. */
export type Judge = (request: AdmissionRequest) => Verdict | undefined;

/** The answer to the body of an AdmissionReview. A writer whom we can't judge is let through by failurePolicy Ignore. */
export function answerReview(body: string, judge: Judge): Answer {
  const review = parseJson(body);
  if (review === undefined) return inWords(400, 'expected an AdmissionReview in JSON');
  const parsed = parseAdmissionReview(review);
  if (!parsed.ok) return inWords(400, formatProblems(parsed.problems));
  const verdict = judge(parsed.value);
  if (verdict === undefined) return inWords(503, 'the cluster has not been read yet');
  return inJson(admissionAnswer(parsed.value.uid, verdict));
}
