import type { Api } from '../../lab/kubernetes/api.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_API_VERSION } from '../../modules/metallb/src/api/names.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const RUNNERS = ['controller', 'shell-operator'];
const [CHILD_GROUP = ''] = CHILD_API_VERSION.split('/');

/**
 * Asks the API server by turns about each runner of hooks, and once more when the work is done.
 * @returns who may create children, in order, each once for all answers one after the other: two at a time would be there
 * again and again
 */
export async function hookWritersDuring(
  api: Api,
  namespace: string,
  work: Promise<unknown>,
): Promise<string[]> {
  const allowed: string[] = [];
  let isOver = false;
  const ask = async () => {
    for (let isLast = false; !isLast; ) {
      isLast = isOver;
      for (const runner of RUNNERS) {
        if (await mayCreateChildren(api, namespace, runner)) allowed.push(runner);
      }
    }
  };
  const end = work.finally(() => {
    isOver = true;
  });
  await Promise.all([end, ask()]);
  return allowed.filter((runner, index) => runner !== allowed[index - 1]);
}

async function mayCreateChildren(api: Api, namespace: string, account: string): Promise<boolean> {
  const attributes = { group: CHILD_GROUP, resource: 'sdninternall2lbservices', verb: 'create' };
  const review = await api.send('POST', REVIEWS, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:${namespace}:${account}`,
      resourceAttributes: { ...attributes, namespace: 'default' },
    },
  });
  return valueAt(review, 'status', 'allowed') === true;
}
