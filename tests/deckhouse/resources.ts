import { type Api, ApiError } from '../../lab/kubernetes/api.ts';

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** Where the API server has objects of a kind. */
export interface Resource {
  readonly collection: string;
  objectPath(name: string, namespace?: string): string;
}

/**
 * Asks the API server where it has a kind.
 * @throws Error when it has none: an operator that binds to it would wait for ever
 */
export async function resourceOf(api: Api, apiVersion: string, kind: string): Promise<Resource> {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { resources } = await groupAt(api, root);
  // Subresources have the kind of their object, and a slash in the name.
  const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  if (found === undefined) throw new Error(`the API server has no ${kind} of ${apiVersion}`);
  return {
    collection: `${root}/${found.name}`,
    objectPath: (name, namespace = 'default') =>
      found.namespaced
        ? `${root}/namespaces/${namespace}/${found.name}/${name}`
        : `${root}/${found.name}/${name}`,
  };
}

async function groupAt(api: Api, root: string): Promise<ResourceList> {
  try {
    return (await api.get(root)) as ResourceList;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { resources: [] };
    throw error;
  }
}
