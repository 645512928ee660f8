import { test } from 'uvu';
import { storeContract } from '../support/contracts/store-contract.ts';
import { ManifestDirectory } from '../support/manifest-directory.ts';

storeContract('manifests', async () => {
  const directory = new ManifestDirectory();
  const store = await directory.controller();
  return {
    store,
    user: {
      apply: async (object) => directory.write(fileOf(object.kind, object.metadata), object),
      remove: async (ref) => directory.remove(fileOf(ref.kind, ref)),
    },
    restart: async (whileDown) => {
      await store.stop();
      await whileDown();
      return directory.controller();
    },
    cleanup: () => directory.cleanup(),
  };
});

function fileOf(kind: string, { name }: { readonly name: string }): string {
  return `${kind}-${name}.yaml`;
}

test.run();
