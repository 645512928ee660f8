import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_ANNOTATION, CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { Controller } from '../../modules/metallb/src/controller/controller.ts';
import { ControllerMetrics } from '../../modules/metallb/src/controller/controller-metrics.ts';
import { withOldConfigMap } from '../../modules/metallb/src/controller/old-config-map.ts';
import type { TermOptions } from '../../modules/metallb/src/controller/term.ts';
import type { ConfigMapName } from '../../modules/metallb/src/legacy/legacy-config-map.ts';
import { isKind } from '../../modules/metallb/src/store/kinds.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { NewObject, Operation, Store } from '../../modules/metallb/src/store/store.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { FakeClock } from './fake-clock.ts';
import { SILENT } from './silent-log.ts';

type HookRunner = TermOptions['hookRunner'];

interface Options {
  /** Of an older MetalLB. */
  readonly oldConfigMap?: ConfigMapName;
}

/** Counts what it is asked to write. */
class CountingStore extends MemoryStore {
  readonly writes: Operation[] = [];
  mostAtOnce = 0;
  #inFlight = 0;

  override async write(operation: Operation): Promise<KubernetesObject | undefined> {
    this.writes.push(operation);
    this.#inFlight += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#inFlight);
    try {
      return await super.write(operation);
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/** A controller on a cluster in memory, in virtual time. */
export class ControllerBench {
  readonly clock = new FakeClock();
  readonly store = new CountingStore(this.clock);
  /** `Kind/name Type Reason: message` */
  readonly events: string[] = [];
  readonly #options: Partial<TermOptions>;
  /** As the controller sees the store. */
  readonly #seen: Store;
  #controller: Controller;
  #isStarted = false;

  constructor(
    objects: readonly NewObject[],
    hookRunner: HookRunner = 'controller',
    { oldConfigMap, ...options }: Partial<TermOptions> & Options = {},
  ) {
    this.#options = { ...options, hookRunner };
    this.#seen = withOldConfigMap(this.store, oldConfigMap, (read) =>
      this.#controller.configMapRead(read),
    );
    this.#controller = this.#newController();
    for (const object of objects) this.store.put(object);
  }

  /** As its metric says. */
  servicesWaiting(className: string): number | undefined {
    return this.#controller.usage().get(className)?.servicesWaiting;
  }

  /** As the controller's metrics are. */
  async metrics(): Promise<string> {
    const metrics = new Metrics();
    const { ready: isReady, leading: isLeading, queueDepth } = this.#controller;
    new ControllerMetrics(metrics).show({
      ...{ isReady, isLeading, queueDepth },
      usage: this.#controller.usage(),
      metallbUsage: this.#controller.metallbUsage(),
      refusedByEdition: this.#controller.refusedByEdition(),
    });
    return await metrics.render();
  }

  /** As its metric says. */
  isAccepted(className: string): boolean | undefined {
    return this.#controller.usage().get(className)?.isAccepted;
  }

  /**
   * Lets everything happen that the cluster's present state leads to.
   * @param others what others than the controller do in a round
   */
  async settle(others: () => Promise<void> = async () => {}): Promise<void> {
    if (!this.#isStarted) await this.store.start();
    this.#isStarted = true;
    this.#controller.lead();
    for (let quietRounds = 0; quietRounds < 3; ) {
      const before = this.store.writes.length;
      // Two turns of the event loop: watches tell in the first, retries come due in the second.
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(1_000);
      await this.#controller.idle();
      await others();
      await new Promise((resolve) => setImmediate(resolve));
      quietRounds = this.store.writes.length === before ? quietRounds + 1 : 0;
    }
  }

  /**
   * A user's change: metadata and spec as given, the status stays.
   * @param kept an annotation of the controller's that a user's change leaves alone
   */
  change(object: NewObject, kept?: string): void {
    const { kind, metadata } = object;
    const existing = isKind(kind) ? this.store.get({ kind, ...metadata }) : undefined;
    const own = kept === undefined ? undefined : existing?.metadata.annotations?.[kept];
    const annotations = {
      ...metadata.annotations,
      ...(kept && own !== undefined && { [kept]: own }),
    };
    this.store.put({
      ...object,
      metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
      status: existing?.status,
    });
  }

  remove({ kind, metadata }: NewObject): void {
    if (isKind(kind)) this.store.remove({ kind, ...metadata });
  }

  /** Another process takes over; only the cluster's state survives. */
  async restart(): Promise<void> {
    await this.#controller.stop();
    this.#controller = this.#newController();
    this.store.writes.length = 0;
    await this.settle();
  }

  /** `name IP node`, in the order of their numbers as far as they have one digit. */
  children(): string[] {
    return this.store
      .list(CHILD_KIND)
      .map((object) => {
        const ips = listAt(object.status, 'loadBalancer', 'ingress').map((entry) =>
          valueAt(entry, 'ip'),
        );
        const on = object.metadata.annotations?.[CHILD_ANNOTATION.preferredNode];
        return `${object.metadata.name} ${ips.join(',') || '-'} ${on}`;
      })
      .sort();
  }

  ips(service: string): unknown[] {
    const { status } = this.#service(service);
    return listAt(status, 'loadBalancer', 'ingress').map((entry) => valueAt(entry, 'ip'));
  }

  annotations(service: string): Readonly<Record<string, string>> {
    return this.#service(service).metadata.annotations ?? {};
  }

  /** `type=status: message` */
  conditions(service: string): string[] {
    return conditionsOf(this.#service(service));
  }

  /** `type=status: message` */
  classConditions(name: string): string[] {
    const object = this.store.get({ kind: 'MetalLoadBalancerClass', name });
    return object === undefined ? [] : conditionsOf(object);
  }

  #service(name: string): KubernetesObject {
    const object = this.store.get({ kind: 'Service', namespace: 'default', name });
    if (object === undefined) throw new Error(`no Service ${name}`);
    return object;
  }

  #newController(): Controller {
    return new Controller(
      {
        ...{ store: this.#seen, clock: this.clock, random: () => 0, log: SILENT },
        tell: ({ subject, type, reason, message }) => {
          this.events.push(`${subject.kind}/${subject.name} ${type} ${reason}: ${message}`);
        },
      },
      this.#options,
    );
  }
}

function conditionsOf({ status }: KubernetesObject): string[] {
  return listAt(status, 'conditions').map((condition) => {
    const of = (name: string) => valueAt(condition, name);
    return `${of('type')}=${of('status')}: ${of('message')}`;
  });
}
