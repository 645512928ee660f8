/** Time and timers as an input. Everything but a program's main takes this instead of Date and setTimeout. */
export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for what people and other machines read. */
  epochMs(): number;
  after(delayMs: number, run: () => void): Timer;
}

export interface Timer {
  /** Idempotent; harmless after the timer fired. */
  cancel(): void;
}

/** RFC 3339 in UTC with seconds, as Kubernetes' metav1.Time. */
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** The moment an RFC 3339 text names, or undefined when it is none. */
export function parseTimestamp(text: string): number | undefined {
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : epochMs;
}

/** RFC 3339 in UTC with milliseconds, as Kubernetes' metav1.MicroTime, where seconds can't tell what came first. */
export function formatMilliseconds(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
