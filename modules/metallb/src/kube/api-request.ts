/** One call of the Kubernetes API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute and escaped, e.g. `/api/v1/namespaces/default/services/nginx`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`; a JSON patch is `application/json-patch+json`. */
  readonly contentType?: string;
  /** For all of it, waiting for a busy server included. Default 30 s. */
  readonly timeoutMs?: number;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
}

/** The content type of an RFC 6902 patch. */
export const JSON_PATCH = 'application/json-patch+json';
