import { ManifestStore } from '../manifests/manifest-store.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import type { StoreAddress } from '../settings/kinds.ts';
import { UsageError } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

/** The store that `--store` names, as a balancer node may use it. @throws UsageError */
export function openStore(
  address: StoreAddress,
  node: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Store {
  if (address.kind === 'kubernetes') {
    throw new UsageError('--store kubernetes is not there yet: expected manifests:DIRECTORY');
  }
  return new ManifestStore({
    directory: address.directory,
    writer: { role: 'node', name: node },
    clock,
    onProblem: (problem) =>
      log.warn('manifest is wrong', { problem: formatManifestProblem(problem) }),
  });
}
