import { CONFIGURATION_CONDITION, type WantedCondition } from '../api/conditions.ts';
import { METALLB_API_VERSION, METALLB_LABEL } from '../api/names.ts';
import { formatProblems } from '../api/problem.ts';
import { AlreadyExistsError, NotFoundError } from '../store/errors.ts';
import { formatTimestamp } from '../time/clock.ts';
import type { StatusWriterPorts } from './status-writer.ts';
import type { Configuration } from './store-feed.ts';

const KIND = 'ConfigurationState';

type Ports = Pick<StatusWriterPorts, 'store' | 'clock' | 'statusNamespace'>;

/** Whether this node understands what MetalLB's API configures, told once at its start and then whenever it changes. */
export class ConfigurationStates {
  readonly #nodeName: string;
  readonly #ports: Ports;
  #told: string | undefined;

  constructor(nodeName: string, ports: Ports) {
    this.#nodeName = nodeName;
    this.#ports = ports;
  }

  /** Nothing where nobody uses MetalLB's API. */
  async write({ isUsed, problems }: Configuration): Promise<void> {
    const summary = formatProblems(problems);
    if (summary === this.#told || (this.#told === undefined && !isUsed)) return;
    try {
      await this.#create();
      await this.#tell(summary);
    } catch (error) {
      // Neither its definition nor its namespace need be there: then nobody looks.
      if (!(error instanceof NotFoundError)) throw error;
    }
    this.#told = summary;
  }

  get #ref() {
    const { statusNamespace: namespace } = this.#ports;
    return { kind: KIND, namespace, name: `speaker-${this.#nodeName}` } as const;
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

  async #tell(errorSummary: string): Promise<void> {
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
      conditions: [{ ...condition, lastTransitionTime }],
    };
    // All of it is this node's word: there is nobody to test against.
    const patch = [{ op: 'add', path: '/status', value }] as const;
    await this.#ports.store.write({ do: 'patch', ref: this.#ref, subresource: 'status', patch });
  }
}
