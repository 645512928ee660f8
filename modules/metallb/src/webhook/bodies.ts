import type { Answer } from '../telemetry/http-server.ts';

/** An answer that is for API servers. */
export function inJson(value: object): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) };
}

/** An answer that is for people. */
export function inWords(status: number, sentence: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${sentence}\n` };
}

/** @returns undefined for what is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
