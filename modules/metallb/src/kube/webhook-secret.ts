import { absentAs, type Field, fields, into, mapOf, text, word } from '../api/fields.ts';
import { parseAs } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import { InvalidError, NotFoundError } from '../store/errors.ts';
import { pointerTo } from '../store/json-patch.ts';
import type { JsonPatchOperation } from '../store/store.ts';
import type { ApiClient } from './api-client.ts';

/** A certificate in PEM. */
interface Certificate {
  readonly certificate: string;
  readonly privateKey: string;
  readonly authorities: string;
}

export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
}

const secret: Field<{ readonly version: string; readonly kept: Certificate }> = into(
  fields({
    metadata: fields({ resourceVersion: word }),
    data: absentAs({}, mapOf(absentAs('', text))),
  }),
  ({ metadata, data }) => {
    const decoded = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
    return {
      version: metadata.resourceVersion,
      kept: {
        certificate: decoded('tls.crt'),
        privateKey: decoded('tls.key'),
        authorities: decoded('ca.crt'),
      },
    };
  },
);

/** An answer that should be such a Secret. */
export const parseSecret = (
  answer: unknown,
): Parsed<{ readonly version: string; readonly kept: Certificate }> =>
  parseAs('Secret', secret, answer);

/**
 * The Secret with the webhook's certificate, which all replicas read and one writes. The chart brings it without data;
 * where there is no chart, it is created.
 */
export class WebhookSecret {
  readonly #api: ApiClient;
  readonly #place: SecretPlace;

  constructor(api: ApiClient, place: SecretPlace) {
    this.#api = api;
    this.#place = place;
  }

  /** Undefined when there is none; what is missing in it is empty. */
  async read(): Promise<{ readonly version: string; readonly kept: Certificate } | undefined> {
    const object = await this.#find();
    if (object === undefined) return undefined;
    const parsed = parseSecret(object);
    // Names of fields only: a value that can't be read may be a key.
    if (!parsed.ok) throw new InvalidError(`Secret ${this.#place.name} can't be read`);
    return parsed.value;
  }

  /** @throws AlreadyExistsError */
  async create(kept: Certificate): Promise<void> {
    const { namespace, name } = this.#place;
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels: { module: 'metallb', heritage: 'deckhouse' } },
      type: 'kubernetes.io/tls',
      data: encoded(kept),
    };
    await this.#api.request({ method: 'POST', path: this.#folder, body });
  }

  /** @throws ConflictError when it is not this version any more */
  async replace(version: string, kept: Certificate): Promise<void> {
    const body: JsonPatchOperation[] = [
      { op: 'test', path: '/metadata/resourceVersion', value: version },
      { op: 'add', path: pointerTo('data'), value: encoded(kept) },
    ];
    const contentType = 'application/json-patch+json';
    await this.#api.request({ method: 'PATCH', path: this.#path, body, contentType });
  }

  async #find(): Promise<unknown> {
    try {
      return await this.#api.request({ method: 'GET', path: this.#path });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  get #folder(): string {
    return `/api/v1/namespaces/${encodeURIComponent(this.#place.namespace)}/secrets`;
  }

  get #path(): string {
    return `${this.#folder}/${encodeURIComponent(this.#place.name)}`;
  }
}

function encoded({ certificate, privateKey, authorities }: Certificate): Record<string, string> {
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  return {
    'tls.crt': base64(certificate),
    'tls.key': base64(privateKey),
    'ca.crt': base64(authorities),
  };
}
