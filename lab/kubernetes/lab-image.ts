import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { IMAGE_NAMES, type ImageName, imageRootFilesystem } from '../image.ts';
import { builtFolder } from './commands.ts';
import type { ImageConfig } from './container.ts';

/** MetalLB's own, which hold one static program each. */
const OF_METALLB = /^quay\.io\/metallb\/(controller|speaker):/;

/** A registry's image by its name: `REPOSITORY/controller:TAG` is what images/controller builds. @throws for any other */
export async function labImage(reference: string): Promise<ImageConfig> {
  const [, program] = OF_METALLB.exec(reference) ?? [];
  if (program !== undefined) {
    return { root: builtFolder('metallb'), entrypoint: [`/${program}`], environment: {}, user: 0 };
  }
  const name = IMAGE_NAMES.find((one) => new RegExp(`/${one}[:@]`).test(reference));
  if (name === undefined) throw new Error(`no image ${reference}`);
  const { root, entrypoint, env, user } = await imageRootFilesystem(name);
  return { root, entrypoint, environment: env, user: Number(user.split(':')[0] || 0) };
}

/** @param values of the chart, whose Pods need these images: a build takes longer than anything that waits for a Pod */
export async function buildLabImages(values: object): Promise<void> {
  const operator: ImageName[] =
    valueAt(values, 'metallb', 'hookRunner') === 'shell-operator' ? ['shell-operator'] : [];
  for (const name of ['controller', 'node', ...operator] as const) await imageRootFilesystem(name);
}
