import { IMAGE_NAMES, imageRootFilesystem } from '../image.ts';
import type { ImageConfig } from './container.ts';

/** A registry's image by its name: `REPOSITORY/controller:TAG` is what images/controller builds. @throws for any other */
export async function labImage(reference: string): Promise<ImageConfig> {
  const name = IMAGE_NAMES.find((one) => new RegExp(`/${one}[:@]`).test(reference));
  if (name === undefined) throw new Error(`no image ${reference}`);
  const { root, entrypoint, env, user } = await imageRootFilesystem(name);
  return { root, entrypoint, environment: env, user: Number(user.split(':')[0] || 0) };
}

/** A build takes longer than anything that waits for a Pod. */
export async function buildLabImages(): Promise<void> {
  for (const name of IMAGE_NAMES) await imageRootFilesystem(name);
}
