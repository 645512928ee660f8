import {
  type AdmissionRequest,
  admissionAnswer,
  parseAdmissionReview,
} from '../admission/admission-review.ts';
import type { Verdict } from '../admission/verdict.ts';
import { formatProblems } from '../api/problem.ts';
import type { Answer } from '../telemetry/http-server.ts';

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
  const answer = JSON.stringify(admissionAnswer(parsed.value.uid, verdict));
  return { status: 200, contentType: 'application/json', body: answer };
}

/** An answer that is for people. */
export function inWords(status: number, sentence: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${sentence}\n` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
