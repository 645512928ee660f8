import { ok } from 'node:assert';
import { formatProblems, type Parsed } from '../../../modules/metallb/src/api/problem.ts';
import { parseLease, parseLeaseList } from '../../../modules/metallb/src/kube/leases.ts';
import { parsePage } from '../../../modules/metallb/src/kube/list-objects.ts';
import { parseDefinition } from '../../../modules/metallb/src/kube/peer-definition.ts';
import { errorOf } from '../../../modules/metallb/src/kube/response.ts';
import { parseConfiguration } from '../../../modules/metallb/src/kube/webhook-configuration.ts';
import { parseSecret } from '../../../modules/metallb/src/kube/webhook-secret.ts';
import { StoreUnavailableError } from '../../../modules/metallb/src/store/errors.ts';
import {
  lifetimeOf,
  withoutExpired,
} from '../../../modules/metallb/src/webhook/kept-certificate.ts';
import { node } from '../../support/cluster-objects.ts';
import { accepted, jsonTarget, LIBRARY_SHARE, type Target, textTarget } from '../target.ts';

const METADATA = { name: 'metallb-controller', namespace: 'd8-metallb', resourceVersion: '7' };
const LEASE = {
  ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: METADATA },
  spec: {
    ...{ holderIdentity: 'a', leaseDurationSeconds: 4, leaseTransitions: 2 },
    ...{ acquireTime: '2026-01-01T00:00:00.000000Z', renewTime: '2026-01-01T00:00:01.000000Z' },
  },
};
const ANSWERS = [
  { kind: 'NodeList', metadata: { resourceVersion: '9', continue: 'x' }, items: [node('n1')] },
  LEASE,
  { kind: 'LeaseList', metadata: { resourceVersion: '9' }, items: [LEASE] },
  { kind: 'Secret', metadata: METADATA, data: { 'tls.crt': 'LS0t', 'tls.key': 'LS0t' } },
  {
    ...{ kind: 'ValidatingWebhookConfiguration', metadata: METADATA },
    webhooks: [{ name: 'services.metallb.io', clientConfig: { caBundle: 'LS0t' } }],
  },
  {
    ...{ kind: 'CustomResourceDefinition', metadata: METADATA },
    spec: { conversion: { strategy: 'Webhook', webhook: { clientConfig: { caBundle: 'LS0t' } } } },
    status: { storedVersions: ['v1beta2'] },
  },
];
const PARSERS: readonly ((answer: unknown) => Parsed<unknown>)[] = [
  ...[parseLease, parseLeaseList, parseSecret, parseConfiguration, parseDefinition],
];
const REFUSALS = [
  { reason: 'Conflict', message: 'the object has been modified', code: 409 },
  {
    ...{ kind: 'Status', reason: 'Forbidden', code: 403 },
    message:
      'services is forbidden: User "system:serviceaccount:d8-metallb:node" cannot list resource "services" in API group ""',
  },
  { reason: 'Invalid', message: 'bad', details: { causes: [{ message: 'spec.x: Required' }] } },
];
const STATUS_CODES = [400, 401, 403, 404, 408, 409, 410, 422, 429, 500, 503];
const REQUEST = { method: 'PATCH', path: '/api/v1/nodes/n1' } as const;

function checkAnswer(answer: unknown): void {
  accepted(() => parsePage(answer, { kind: 'Node' }), StoreUnavailableError);
  for (const parse of PARSERS) {
    const parsed = parse(answer);
    if (!parsed.ok) formatProblems(parsed.problems);
  }
}

/** Whatever stands in it, an answer that is no success is an error with a sentence; its length chooses the status. */
function checkRefusal(body: string): void {
  const statusCode = STATUS_CODES[body.length % STATUS_CODES.length] ?? 500;
  const error = errorOf(REQUEST, { statusCode }, body);
  ok(error.message.includes(String(statusCode)));
}

/** The Secret is as others left it. What is wrong with it is said without it. */
function checkCertificate(text: string): void {
  const [certificate = '', privateKey = '', authorities = ''] = text.split(/^# .*$/m);
  const lifetime = lifetimeOf({ certificate, privateKey, authorities }, ['metallb.d8-metallb.svc']);
  if (typeof lifetime !== 'string') ok(lifetime.renewAt <= lifetime.expiresAt);
  const trusted = withoutExpired(authorities, 0);
  ok(withoutExpired(trusted, 0) === trusted);
}

export const ANSWER_TARGETS: readonly Target[] = [
  jsonTarget({
    ...{ name: 'api-answer', seeds: ANSWERS.map((answer) => JSON.stringify(answer)) },
    check: checkAnswer,
  }),
  textTarget({
    ...{ name: 'api-refusal', grammar: 'json' },
    seeds: ['rate limited', ...REFUSALS.map((refusal) => JSON.stringify(refusal))],
    check: checkRefusal,
  }),
  textTarget({
    ...{ name: 'certificate', share: LIBRARY_SHARE },
    dictionary: ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', '\n', '=', '# '],
    check: checkCertificate,
  }),
];
