import { isPeerVersion, peerInVersion } from '../api/bgp-peer-versions.ts';
import { anyRecord, fields, listOf, word } from '../api/fields.ts';
import { formatProblems } from '../api/problem.ts';
import { shownValue } from '../api/shown-value.ts';
import type { Answer } from '../telemetry/http-server.ts';
import { inJson, inWords, parseJson } from './bodies.ts';

const REVIEW = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' } as const;
const KIND = 'BGPPeer';

type Json = Readonly<Record<string, unknown>>;

const review = fields({
  request: fields({ uid: word, desiredAPIVersion: word, objects: listOf(anyRecord) }),
});

/** The answer to the body of a ConversionReview. No object is refused for what it holds: others wait for the same answer. */
export function answerConversion(body: string): Answer {
  const parsed = review(parseJson(body), { object: REVIEW.kind, field: '' });
  if (!parsed.ok) return inWords(400, formatProblems(parsed.problems));
  const { uid, desiredAPIVersion, objects } = parsed.value.request;
  const foreign = objects.find((object) => !isPeer(object));
  if (foreign !== undefined) return failure(uid, `${shownVersion(foreign)} is not converted here`);
  if (!isPeerVersion(desiredAPIVersion)) {
    return failure(uid, `there is no version ${shownValue(desiredAPIVersion)} of ${KIND}`);
  }
  const convertedObjects = objects.map((object) => peerInVersion(object, desiredAPIVersion));
  return inJson({
    ...REVIEW,
    response: { uid, convertedObjects, result: { status: 'Success' } },
  });
}

function isPeer({ kind, apiVersion }: Json): boolean {
  return kind === KIND && isPeerVersion(apiVersion);
}

function shownVersion({ kind, apiVersion }: Json): string {
  return `${shownValue(kind)} of ${shownValue(apiVersion)}`;
}

function failure(uid: string, message: string): Answer {
  return inJson({
    ...REVIEW,
    response: { uid, convertedObjects: [], result: { status: 'Failure', message } },
  });
}
