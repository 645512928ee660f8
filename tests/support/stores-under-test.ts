import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { StoreUnderTest } from './contracts/store-contract.ts';
import { FakeClock } from './fake-clock.ts';
import { ManifestDirectory } from './manifest-directory.ts';

/** A cluster in memory. */
export async function memoryStoreUnderTest(): Promise<StoreUnderTest> {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  return {
    store,
    user: {
      apply: async (object) => {
        store.put(object);
      },
      remove: async (ref) => store.remove(ref),
    },
    restart: async (whileDown) => {
      await store.stop();
      await whileDown();
      await store.start();
      return store;
    },
    cleanup: () => store.stop(),
  };
}

/** A cluster in a directory, as the controller has it. */
export async function manifestStoreUnderTest(): Promise<StoreUnderTest> {
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
}

function fileOf(kind: string, { name }: { readonly name: string }): string {
  return `${kind}-${name}.yaml`;
}
