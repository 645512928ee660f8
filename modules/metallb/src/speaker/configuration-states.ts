import { conditionOfSession, type ToldSession } from '../api/bgp-session-condition.ts';
import { CONFIGURATION_CONDITION, type WantedCondition } from '../api/conditions.ts';
import { nodeStateName } from '../api/configuration-state.ts';
import { METALLB_API_VERSION, METALLB_LABEL } from '../api/names.ts';
import { formatProblems } from '../api/problem.ts';
import { AlreadyExistsError, NotFoundError } from '../store/errors.ts';
import { formatTimestamp } from '../time/clock.ts';
import type { StatusWriterPorts } from './status-writer.ts';
import type { Configuration } from './store-feed.ts';

const KIND = 'ConfigurationState';

type Ports = Pick<StatusWriterPorts, 'store' | 'clock' | 'statusNamespace'>;

interface Told {
  readonly summary: string;
  /** Sessions without what is counted. */
  readonly standings: string;
  readonly sessions: string;
  readonly atMs: number;
}

/** How often it is told of prefixes alone: they change with each Service. */
const COUNT_EVERY_MS = 30_000;

/** What a node tells of itself as a whole. */
export interface NodeState extends Configuration {
  /** With routers. */
  readonly sessions: readonly ToldSession[];
}

/**
 * Whether this node understands what MetalLB's API configures, and its sessions with routers, told once at its start and then
 * whenever it changes.
 */
export class ConfigurationStates {
  readonly #nodeName: string;
  readonly #ports: Ports;
  #told: Told | undefined;

  constructor(nodeName: string, ports: Ports) {
    this.#nodeName = nodeName;
    this.#ports = ports;
  }

  /** Nothing where nobody uses MetalLB's API, and there are no routers. */
  async write({ isUsed, problems, sessions }: NodeState): Promise<void> {
    const wanted: Told = {
      summary: formatProblems(problems),
      standings: JSON.stringify(sessions.map(({ peer, since, why }) => [peer, since, why])),
      sessions: JSON.stringify(sessions),
      atMs: this.#ports.clock.now(),
    };
    if (this.#isTold(wanted, isUsed || sessions.length > 0)) return;
    try {
      await this.#create();
      await this.#tell(wanted.summary, sessions);
    } catch (error) {
      // Neither its definition nor its namespace need be there: then nobody looks.
      if (!(error instanceof NotFoundError)) throw error;
    }
    this.#told = wanted;
  }

  #isTold({ summary, standings, sessions, atMs }: Told, isUsed: boolean): boolean {
    const told = this.#told;
    if (told === undefined) return !isUsed;
    if (told.summary !== summary || told.standings !== standings) return false;
    return told.sessions === sessions || atMs - told.atMs < COUNT_EVERY_MS;
  }

  get #ref() {
    const { statusNamespace: namespace } = this.#ports;
    return { kind: KIND, namespace, name: nodeStateName(this.#nodeName) } as const;
  }

  async #create(): Promise<void> {
    const { namespace, name } = this.#ref;
    const labels = {
      [METALLB_LABEL.componentType]: 'speaker',
      [METALLB_LABEL.nodeName]: this.#nodeName,
    };
    const metadata = { name, namespace, labels };
    const object = { apiVersion: METALLB_API_VERSION, kind: KIND, metadata };
    try {
      await this.#ports.store.write({ do: 'create', object });
    } catch (error) {
      if (!(error instanceof AlreadyExistsError)) throw error;
    }
  }

  async #tell(errorSummary: string, sessions: readonly ToldSession[]): Promise<void> {
    const isValid = errorSummary === '';
    const condition: WantedCondition = {
      type: CONFIGURATION_CONDITION.all,
      status: isValid ? 'True' : 'False',
      reason: isValid ? 'Reconciled' : 'ConfigurationError',
      message: errorSummary,
    };
    const lastTransitionTime = formatTimestamp(this.#ports.clock.epochMs());
    const value = {
      result: isValid ? 'Valid' : 'Invalid',
      errorSummary,
      conditions: [{ ...condition, lastTransitionTime }, ...sessions.map(conditionOfSession)],
    };
    // All of it is this node's word: there is nobody to test against.
    const patch = [{ op: 'add', path: '/status', value }] as const;
    await this.#ports.store.write({ do: 'patch', ref: this.#ref, subresource: 'status', patch });
  }
}
