import { absentAs, fields, listOf, text, word } from '../api/fields.ts';
import { parseAs } from '../api/object.ts';
import { formatProblems } from '../api/problem.ts';
import { InvalidError } from '../store/errors.ts';
import { pointerTo } from '../store/json-patch.ts';
import type { JsonPatchOperation } from '../store/store.ts';
import type { ApiClient } from './api-client.ts';

const configuration = fields({
  metadata: fields({ resourceVersion: word }),
  webhooks: absentAs(
    [],
    listOf(fields({ name: word, clientConfig: fields({ caBundle: absentAs('', text) }) })),
  ),
});

/** An answer that should be such a configuration. */
export const parseConfiguration = (answer: unknown) =>
  parseAs('ValidatingWebhookConfiguration', configuration, answer);

/** The ValidatingWebhookConfiguration that the chart installs; whom API servers trust is filled in here. */
export class WebhookConfiguration {
  readonly #api: ApiClient;
  readonly #path: string;

  constructor(api: ApiClient, name: string) {
    this.#api = api;
    const folder = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    this.#path = `${folder}/${encodeURIComponent(name)}`;
  }

  /**
   * Makes API servers trust these authorities (PEM) and no others, in every webhook of the configuration.
   *
   * @throws NotFoundError, ConflictError when somebody else writes it meanwhile
   */
  async trust(authorities: string): Promise<void> {
    const parsed = parseConfiguration(await this.#api.request({ method: 'GET', path: this.#path }));
    if (!parsed.ok) throw new InvalidError(formatProblems(parsed.problems));
    const { metadata, webhooks } = parsed.value;
    const caBundle = Buffer.from(authorities).toString('base64');
    const changes = webhooks.flatMap(({ clientConfig }, index): JsonPatchOperation[] => {
      if (clientConfig.caBundle === caBundle) return [];
      const path = pointerTo('webhooks', String(index), 'clientConfig', 'caBundle');
      return [{ op: 'add', path, value: caBundle }];
    });
    if (changes.length === 0) return;
    const body: JsonPatchOperation[] = [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      ...changes,
    ];
    const contentType = 'application/json-patch+json';
    await this.#api.request({ method: 'PATCH', path: this.#path, body, contentType });
  }
}
