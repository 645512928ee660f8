import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unknownFields } from '../../lab/kubernetes/pod-fields.ts';
import { podOf, RENDERED } from '../chart/rendered.ts';

for (const caseName of RENDERED.keys()) {
  test(`${caseName}: the lab's kubelet passes over nothing of what the chart asks for`, () => {
    assert.equal(unknownFields(podOf('DaemonSet', 'speaker', caseName)), []);
    assert.equal(unknownFields(podOf('Deployment', 'controller', caseName)), []);
  });
}

const container = (fields: object) => ({ containers: [{ name: 'node', image: 'node' }, fields] });
const volume = (fields: object) => ({ containers: [], volumes: [{ name: 'run', ...fields }] });

const STRANGERS: [spec: object, path: string][] = [
  [{ hostPID: true }, 'hostPID'],
  [{ securityContext: { supplementalGroups: [1] } }, 'securityContext.supplementalGroups'],
  [container({ startupProbe: {} }), 'containers[1].startupProbe'],
  [container({ lifecycle: { preStop: {} } }), 'containers[1].lifecycle'],
  [container({ envFrom: [] }), 'containers[1].envFrom'],
  [container({ workingDir: '/app' }), 'containers[1].workingDir'],
  [
    container({ securityContext: { privileged: true } }),
    'containers[1].securityContext.privileged',
  ],
  [container({ livenessProbe: { exec: {} } }), 'containers[1].livenessProbe.exec'],
  [
    container({ env: [{ name: 'KEY', valueFrom: { secretKeyRef: {} } }] }),
    'containers[1].env[0].valueFrom.secretKeyRef',
  ],
  [
    container({ volumeMounts: [{ mountPropagation: 'Bidirectional' }] }),
    'containers[1].volumeMounts[0].mountPropagation',
  ],
  [container({ restartPolicy: 'Always' }), 'containers[1].restartPolicy'],
  [volume({ csi: {} }), 'volumes[0].csi'],
  [volume({ secret: { secretName: 'a', items: [] } }), 'volumes[0].secret.items'],
];
for (const [spec, path] of STRANGERS) {
  test(`${path} is nothing that the lab's kubelet does`, () => {
    assert.equal(unknownFields(spec), [path]);
  });
}

test.run();
