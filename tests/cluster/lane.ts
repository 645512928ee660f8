import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CleanUp, runBeforeExit } from '../../lab/cleanup.ts';
import { ClientAuthority } from '../../lab/kubernetes/client-authority.ts';
import { startControlPlane } from '../../lab/kubernetes/control-plane.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import type { Machine } from '../../lab/machine.ts';
import { lastWordsOf, playAndTell, withDeadline } from '../../lab/play.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';

/** What a scenario finds; the rest it is given for itself. */
type Standing = Omit<TestCluster, 'alone' | 'tell'>;

const DEFAULT_DEADLINE_MS = 60_000;
const LOG_LINES_SHOWN = 5;

/** Plays scenarios one after the other on an API server of its own. */
export class Lane {
  readonly #write: (text: string) => void;
  readonly #cluster: Standing;
  readonly #cleanUp: CleanUp;

  private constructor(write: (text: string) => void, cluster: Standing, cleanUp: CleanUp) {
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

  /**
   * @param machine as those have it who don't lock it themselves
   * @returns whether it passed
   */
  play(one: ClusterScenario, machine?: Machine): Promise<boolean> {
    const { name, deadlineMs = DEFAULT_DEADLINE_MS } = one;
    const told: string[] = [];
    const waitedMs = () => machine?.waitedMs ?? 0;
    const cluster: TestCluster = {
      ...this.#cluster,
      alone: (measure) => (machine === undefined ? measure() : machine.alone(measure)),
      tell: (line) => void told.push(`     ${line}`),
    };
    return playAndTell(
      {
        name,
        play: async () => {
          await withDeadline(one.play(cluster), deadlineMs, waitedMs);
          if (machine !== undefined && machine.wasAlone !== (one.timed ?? false))
            throw new Error(`${name}: timed is what measures alone`);
          return told;
        },
        waitedMs,
        lastWords: () => [...told, ...lastWordsOf(cluster.plane.programs(), LOG_LINES_SHOWN)],
      },
      this.#write,
    );
  }

  end(): Promise<void> {
    return this.#cleanUp.run();
  }
}

async function startCluster(directory: string, cleanUp: CleanUp): Promise<Standing> {
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
