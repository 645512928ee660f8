import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CleanUp, runBeforeExit } from '../../lab/cleanup.ts';
import { ClientAuthority } from '../../lab/kubernetes/client-authority.ts';
import { startControlPlane } from '../../lab/kubernetes/control-plane.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import { lastWordsOf, playAndTell, withDeadline } from '../../lab/play.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';

const DEFAULT_DEADLINE_MS = 60_000;
const LOG_LINES_SHOWN = 5;

/** Plays scenarios one after the other on an API server of its own. */
export class Lane {
  readonly #write: (text: string) => void;
  readonly #cluster: Omit<TestCluster, 'tell'>;
  readonly #cleanUp: CleanUp;

  private constructor(
    write: (text: string) => void,
    cluster: Omit<TestCluster, 'tell'>,
    cleanUp: CleanUp,
  ) {
    this.#write = write;
    this.#cluster = cluster;
    this.#cleanUp = cleanUp;
  }

  /** @param write is given all that is to say of a scenario at once */
  static async start(write: (text: string) => void): Promise<Lane> {
    const directory = mkdtempSync(join(tmpdir(), 'metallb-cluster-'));
    const cleanUp = new CleanUp();
    cleanUp.push(() => rmSync(directory, { recursive: true, force: true }));
    runBeforeExit(cleanUp);
    try {
      return new Lane(write, await startCluster(directory, cleanUp), cleanUp);
    } catch (error) {
      await cleanUp.run();
      throw error;
    }
  }

  /** @returns whether it passed */
  play({ name, play, deadlineMs = DEFAULT_DEADLINE_MS }: ClusterScenario): Promise<boolean> {
    const told: string[] = [];
    const cluster = { ...this.#cluster, tell: (line: string) => void told.push(`     ${line}`) };
    return playAndTell(
      {
        name,
        play: async () => {
          await withDeadline(play(cluster), deadlineMs, () => 0);
          return told;
        },
        waitedMs: () => 0,
        lastWords: () => [...told, ...lastWordsOf(cluster.plane.programs(), LOG_LINES_SHOWN)],
      },
      this.#write,
    );
  }

  end(): Promise<void> {
    return this.#cleanUp.run();
  }
}

async function startCluster(
  directory: string,
  cleanUp: CleanUp,
): Promise<Omit<TestCluster, 'tell'>> {
  const clients = new ClientAuthority(directory);
  await clients.create();
  const { plane, api } = await startControlPlane(directory, {
    controllerManager: true,
    apiServerFlags: [
      // No Pod has an address on this loopback: a webhook's Service is a name for it.
      '--enable-aggregator-routing=false',
      `--client-ca-file=${clients.certificateFile}`,
    ],
  });
  cleanUp.push(async () => {
    api.close();
    await plane.stop();
  });
  await applyDefinitions(api);
  return { plane, api, clients, directory };
}
