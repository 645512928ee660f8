import { isDeepStrictEqual } from 'node:util';
import { absentAs, fields, integer, listOf, optional, text, textMap, word } from '../api/fields.ts';
import { LABEL } from '../api/names.ts';
import { parseAs } from '../api/object.ts';
import { formatProblems } from '../api/problem.ts';
import { InvalidError, NotFoundError } from '../store/errors.ts';
import type { JsonPatchOperation } from '../store/store.ts';
import type { ApiClient } from './api-client.ts';
import { JSON_PATCH } from './api-request.ts';

/** A Service that API servers may have objects converted by. */
export interface ConversionService {
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly port: number;
}

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io';
/** The label `module` of definitions that this module brings. */
const MODULE = 'metallb';
const STORED_VERSION = 'v1beta2';
const NONE = { strategy: 'None' };

interface Found {
  readonly resourceVersion: string;
  readonly asked: 'ours' | 'another' | 'nobody';
  readonly clientConfig: object | undefined;
  /** Versions that objects may be stored in. */
  readonly storedVersions: readonly string[];
}

const service = fields({
  ...{ namespace: word, name: word },
  ...{ path: absentAs('/', text), port: absentAs(443, integer(1, 65_535)) },
});
const definition = fields({
  metadata: fields({ resourceVersion: word, labels: absentAs({}, textMap) }),
  spec: fields({
    conversion: absentAs(
      NONE,
      fields({
        strategy: text,
        webhook: optional(
          fields({
            clientConfig: fields({ caBundle: absentAs('', text), service: optional(service) }),
          }),
        ),
      }),
    ),
  }),
  status: absentAs({}, fields({ storedVersions: absentAs([], listOf(text)) })),
});

/** An answer that should be such a definition. */
export const parseDefinition = (answer: unknown) =>
  parseAs('CustomResourceDefinition', definition, answer);

/**
 * The definition of BGPPeer, whose two versions a webhook converts. One that is not this module's is left alone, and one
 * that asks another webhook too: MetalLB may be there, and keeps its own certificate in it.
 */
export class PeerDefinition {
  readonly #api: ApiClient;
  readonly #isOurs: (service: ConversionService) => boolean;

  constructor(api: ApiClient, isOurs: (service: ConversionService) => boolean) {
    this.#api = api;
    this.#isOurs = isOurs;
  }

  /** Whether API servers ask one of our services. */
  async isAsking(): Promise<boolean> {
    return (await this.#find())?.asked === 'ours';
  }

  /**
   * Has API servers ask this service, and trust these authorities (PEM) there and no others. Not where objects may be
   * stored in another version than programs read: those would need this service to start, and may be what serves there.
   *
   * @returns false where objects may be stored so
   * @throws ConflictError when somebody else writes it meanwhile
   */
  async trust(authorities: string, service: ConversionService): Promise<boolean> {
    const found = await this.#find();
    if (found === undefined || found.asked === 'another') return true;
    if (found.storedVersions.some((version) => version !== STORED_VERSION)) return false;
    const caBundle = Buffer.from(authorities).toString('base64');
    const clientConfig = { caBundle, service };
    if (isDeepStrictEqual(found.clientConfig, clientConfig)) return true;
    const webhook = { conversionReviewVersions: ['v1'], clientConfig };
    await this.#write(found.resourceVersion, { strategy: 'Webhook', webhook });
    return true;
  }

  /**
   * Has API servers convert by themselves, which drops what only one of the versions has.
   *
   * @returns false where they asked none of our services
   * @throws ConflictError when somebody else writes it meanwhile
   */
  async letGo(): Promise<boolean> {
    const found = await this.#find();
    if (found?.asked !== 'ours') return false;
    await this.#write(found.resourceVersion, NONE);
    return true;
  }

  /** @returns undefined where there is none of this module's */
  async #find(): Promise<Found | undefined> {
    const object = await this.#read();
    if (object === undefined) return undefined;
    const parsed = parseDefinition(object);
    if (!parsed.ok) throw new InvalidError(formatProblems(parsed.problems));
    const { metadata, spec, status } = parsed.value;
    if (metadata.labels[LABEL.module] !== MODULE) return undefined;
    const { strategy, webhook } = spec.conversion;
    const known = { resourceVersion: metadata.resourceVersion, ...status };
    if (strategy === NONE.strategy || webhook === undefined) {
      return { ...known, asked: 'nobody', clientConfig: undefined };
    }
    const { clientConfig } = webhook;
    const isOurs = clientConfig.service !== undefined && this.#isOurs(clientConfig.service);
    return { ...known, asked: isOurs ? 'ours' : 'another', clientConfig };
  }

  async #read(): Promise<unknown> {
    try {
      return await this.#api.request({ method: 'GET', path: PATH });
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async #write(resourceVersion: string, conversion: object): Promise<void> {
    const body: JsonPatchOperation[] = [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/spec/conversion', value: conversion },
    ];
    await this.#api.request({ method: 'PATCH', path: PATH, body, contentType: JSON_PATCH });
  }
}
