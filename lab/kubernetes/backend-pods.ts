import type { ClusterObject } from '../cluster.ts';
import type { Lab } from '../lab.ts';

/** A host of the lab's plan that answers as a Pod: the kubelets only report it. */
export const STANDS_FOR = 'lab.example.com/host';

/** An application's Pod, as its Deployment would make it. @param host of the plan: `pod1` behind n1, `backend` elsewhere */
export function backendPod(app: string, host: string, node: string): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${app}-${host}`,
      namespace: 'default',
      labels: { app },
      annotations: { [STANDS_FOR]: host },
    },
    spec: {
      nodeName: node,
      automountServiceAccountToken: false,
      containers: [{ name: app, image: `registry.example.com/${app}:1` }],
    },
  };
}

/** One Pod of the application behind every node. */
export async function runBackends(lab: Lab, app: string): Promise<void> {
  await lab.cluster.apply(...lab.nodes.map((node) => backendPod(app, `pod${node.slice(1)}`, node)));
}
