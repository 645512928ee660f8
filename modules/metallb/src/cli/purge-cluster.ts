import { BGP_KINDS, CHILD_KIND, CLASS_KIND, CONVERSION_PATH } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { connect } from '../kube/api-client.ts';
import { ConfigurationError } from '../kube/errors.ts';
import { KubeStore } from '../kube/kube-store.ts';
import { listLeases } from '../kube/leases.ts';
import { listObjects } from '../kube/list-objects.ts';
import { PeerDefinition } from '../kube/peer-definition.ts';
import { InvalidError, NotFoundError, StoreUnavailableError } from '../store/errors.ts';
import type { Kind } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { CommandFailure } from './failure.ts';
import type { PurgeCluster } from './purge.ts';
import { POOL_KINDS } from './stored-pool.ts';

const METALLB_KINDS = [
  ...POOL_KINDS,
  'L2Advertisement',
  ...BGP_KINDS,
  'ServiceL2Status',
  'ServiceBGPStatus',
  'ConfigurationState',
] as const satisfies readonly Kind[];

/** The name that the chart and the controller give it. */
const LEASE_NAME = 'metallb-controller';

/**
 * Does something with the cluster that the environment names. It only lists, so that a role without `watch` is enough.
 * @throws CommandFailure in place of what the API server or the way to it fails with
 */
export async function withCluster<Result>(
  clock: Clock,
  use: (cluster: PurgeCluster) => Promise<Result>,
): Promise<Result> {
  const client = connectOrFail(clock);
  const store = new KubeStore({
    client,
    clock,
    random: Math.random,
    onUnreadable: () => undefined,
  });
  const list = async (kind: Kind): Promise<readonly KubernetesObject[]> => {
    try {
      // Node warns of a signal that more than ten wait for, as all of these lists would.
      const never = new AbortController().signal;
      return (await listObjects(client, { kind }, never)).objects;
    } catch (error) {
      // Its definition is deleted, and with it all of the kind.
      if (error instanceof NotFoundError) return [];
      throw error;
    }
  };
  try {
    return await use({
      leases: () => listLeases(client, LEASE_NAME),
      view: async () => ({
        services: await list('Service'),
        children: await list(CHILD_KIND),
        nodes: await list('Node'),
        classes: await list(CLASS_KIND),
        metallb: (await Promise.all(METALLB_KINDS.map(list))).flat(),
      }),
      peers: new PeerDefinition(client, ({ path }) => path === CONVERSION_PATH),
      write: (operation) => store.write(operation),
    });
  } catch (error) {
    if (!(error instanceof StoreUnavailableError || error instanceof InvalidError)) throw error;
    throw new CommandFailure(`${error.message}; run it again, it goes on where it was`, {
      cause: error,
    });
  } finally {
    client.close();
  }
}

function connectOrFail(clock: Clock): ReturnType<typeof connect> {
  try {
    return connect({ clock });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CommandFailure(error.message, { cause: error });
  }
}
