import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePublishedService } from '../../modules/metallb/src/api/published-service.ts';
import { publishedService } from '../support/cluster.ts';
import { parsedValue } from '../support/parsed.ts';

const LOCAL = { externalTrafficPolicy: 'Local', healthCheckNodePort: 30_123 };

test('a Service whose annotations nobody understands still names its IPs', () => {
  const object = publishedService('web', ['192.0.2.1', '2001:db8::1']);
  const annotated = { ...object.metadata, annotations: { 'a/b': 'c' } };
  const service = parsedValue(parsePublishedService({ ...object, metadata: annotated }));
  assert.equal(service.ingress, ['192.0.2.1', '2001:db8::1']);
  assert.is(service.healthCheckNodePort, undefined);
});

const ports: [spec: object, port: number | undefined][] = [
  [LOCAL, 30_123],
  [{ ...LOCAL, externalTrafficPolicy: 'Cluster' }, undefined],
  [{ ...LOCAL, healthCheckNodePort: 0 }, undefined],
  [{ externalTrafficPolicy: 'Local' }, undefined],
];
for (const [spec, port] of ports) {
  test(`the health check port of ${JSON.stringify(spec)} is ${port}`, () => {
    const service = parsedValue(parsePublishedService(publishedService('web', [], spec)));
    assert.is(service.healthCheckNodePort, port);
  });
}

test('a Service without status names nothing', () => {
  const { status: _, ...object } = publishedService('web', []);
  assert.equal(parsedValue(parsePublishedService(object)).ingress, []);
});

test.run();
