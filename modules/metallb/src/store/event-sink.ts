import type { EventReason } from '../api/conditions.ts';
import type { KubernetesObject } from '../api/object.ts';

/** What an Event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
  /** Without one, `kubectl describe` does not find the Event. */
  readonly uid?: string | undefined;
}

/** Something that happened once, for whoever reads `kubectl describe`. */
export interface Occurrence {
  readonly subject: EventSubject;
  /** Warning: somebody may have to act. */
  readonly type: 'Normal' | 'Warning';
  /** In one word, the same for everything alike. */
  readonly reason: EventReason;
  /** A sentence: what, from where to where, why. At most 1,024 bytes are kept. */
  readonly message: string;
}

/** Something that happened, and how often it has. */
export interface RecordedEvent extends Occurrence {
  /** Its own, within the namespace that it is stored in. */
  readonly name: string;
  readonly count: number;
  readonly firstEpochMs: number;
  readonly lastEpochMs: number;
}

/** The port to where Events go. */
export interface EventSink {
  /** @throws as a store's write */
  create(event: RecordedEvent): Promise<void>;
  /** The same as one that was created, more often. @throws as a store's write: NotFoundError when it has expired */
  repeat(event: RecordedEvent): Promise<void>;
}

export function subjectOf({ apiVersion, kind, metadata }: KubernetesObject): EventSubject {
  const { namespace, name, uid } = metadata;
  return { apiVersion, kind, namespace, name, uid };
}

/** Events as facts of log lines, where nothing else keeps them. */
export function loggedEvents(log: (facts: Readonly<Record<string, unknown>>) => void): EventSink {
  const write = async ({ subject, type, reason, message, count }: RecordedEvent) => {
    const { kind, namespace, name } = subject;
    log({
      object: [kind, namespace, name].filter(Boolean).join('/'),
      type,
      reason,
      message,
      count,
    });
  };
  return { create: write, repeat: write };
}
