import { request } from 'node:https';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Verdict } from '../../modules/metallb/src/admission/verdict.ts';
import type { AdmissionView } from '../../modules/metallb/src/admission/view.ts';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { WebhookMetrics } from '../../modules/metallb/src/controller/webhook-metrics.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import { Webhook } from '../../modules/metallb/src/webhook/webhook.ts';
import { classOf } from '../support/cluster-objects.ts';
import { parsedValue } from '../support/parsed.ts';
import { SharedCertificate } from './keeper-bench.ts';

const NAME = 'controller-webhook.metallb.svc';
const main = classOf('main', { isDefault: true });
const knowing: AdmissionView = {
  classes: [parsedValue(parseMetalLoadBalancerClass(main))],
  services: [],
  children: [],
};

interface Context {
  webhook: Webhook;
  port: number;
  shared: SharedCertificate;
  view: AdmissionView | undefined;
  lines: string[];
  verdicts: [resource: string, verdict: Verdict][];
  expiries: number[];
}

const test = suite<Context>('webhook');

test.before.each(async (context) => {
  Object.assign(context, { lines: [], verdicts: [], expiries: [], view: knowing });
  context.shared = new SharedCertificate();
  const served = new Promise<void>((resolve) => {
    const write = (line: string) => context.lines.push(line);
    context.webhook = new Webhook(
      {
        clock: systemClock,
        random: Math.random,
        log: createLogger({ program: 'controller', level: 'info', destination: { write } }),
        secret: context.shared,
        callers: context.shared,
        mayWrite: () => true,
        view: () => context.view,
        onVerdict: (resource, verdict) => context.verdicts.push([resource, verdict]),
        onCertificate: (expiresAtEpochMs) => {
          context.expiries.push(expiresAtEpochMs);
          resolve();
        },
      },
      {
        address: { host: '127.0.0.1', port: 0 },
        ...{ service: 'controller-webhook', namespace: 'metallb', moduleConfigVersion: 3 },
        ...{ edition: 'CE', metallbNamespaces: ['metallb'] },
      },
    );
  });
  context.port = await context.webhook.start();
  await served;
});
test.after.each(({ webhook }) => webhook.stop());

function review(object: object): string {
  const resource = { group: 'network.deckhouse.io', resource: 'metalloadbalancerclasses' };
  const userInfo = { username: 'jane' };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u1', resource, userInfo, operation: 'CREATE', object },
  });
}

/** As an API server that trusts what it was told to trust. */
function ask({ port, shared }: Context, body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const options = { host: '127.0.0.1', port, path: '/validate', method: 'POST', headers };
    const asked = request({ ...options, servername: NAME, ca: shared.trusted }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

test('a refusal is answered, counted, and logged with whom it was said to', async (context) => {
  assert.is(await ask(context, review(classOf('edge', { isDefault: true }))), 200);
  const [[resource, verdict] = ['', undefined]] = context.verdicts;
  assert.is(resource, 'metalloadbalancerclasses');
  assert.is(verdict?.refusals.length, 2);
  const line = context.lines.find((text) => text.includes('write refused')) ?? '{}';
  const { username, refusals } = JSON.parse(line);
  assert.equal([username, refusals], ['jane', verdict?.refusals]);
});

test('what is allowed is counted and not logged', async (context) => {
  assert.is(await ask(context, review(classOf('edge', { addressPool: [] }))), 200);
  assert.is(context.verdicts.length, 1);
  assert.is(context.lines.filter((text) => text.includes('write')).length, 0);
});

test('while the cluster is not known nothing is judged', async (context) => {
  context.view = undefined;
  assert.is(await ask(context, review(main)), 503);
  assert.equal(context.verdicts, []);
});

test('it tells until when its certificate is valid', ({ expiries }) => {
  const days = ((expiries[0] ?? 0) - systemClock.epochMs()) / 86_400_000;
  assert.ok(days > 89 && days <= 90, `${days} days`);
});

test('metrics tell verdicts by the resources that there are, and other requests together', async () => {
  const metrics = new Metrics();
  const own = new WebhookMetrics(metrics);
  own.count('services', { refusals: [], warnings: ['w'] });
  own.count('services', { refusals: [], warnings: [] });
  own.count('metalloadbalancerclasses', { refusals: ['r'], warnings: ['w'] });
  for (const resource of ['pods', 'secrets']) own.count(resource, { refusals: [], warnings: [] });
  own.showExpiry(1_700_000_000_000);
  const lines = (await metrics.render()).split('\n').filter((line) => /^metallb/.test(line));
  assert.equal(lines, [
    'metallb_admission_reviews_total{resource="services",verdict="warned"} 1',
    'metallb_admission_reviews_total{resource="services",verdict="allowed"} 1',
    'metallb_admission_reviews_total{resource="metalloadbalancerclasses",verdict="refused"} 1',
    'metallb_admission_reviews_total{resource="other",verdict="allowed"} 2',
    'metallb_webhook_certificate_expiry_timestamp_seconds 1700000000',
  ]);
});

test.run();
