import { randomUUID } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KubernetesObject } from '../api/object.ts';
import { InvalidError, StoreUnavailableError } from '../store/errors.ts';
import type { Operation, Store, Watch, WatchEvent, WatchOptions } from '../store/store.ts';
import { Watchers } from '../store/watchers.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { isMissing, makeBelow } from './atomic-file.ts';
import { ControllerSide } from './controller-side.ts';
import { isObjectName, layoutOf, type StateLayout } from './layout.ts';
import { MergedView } from './merged-view.ts';
import { NodeSide } from './node-side.ts';
import type { ManifestProblem } from './parse-documents.ts';
import { ReaderSide } from './reader-side.ts';
import type { Side, SidePorts } from './side.ts';

/** Who uses the directory, and so what it may write. */
export type ManifestWriter =
  | { readonly role: 'controller' }
  | { readonly role: 'node'; readonly name: string }
  | { readonly role: 'reader' };

/** How a program uses a directory of manifests. */
export interface ManifestStoreOptions {
  readonly directory: string;
  readonly writer: ManifestWriter;
  readonly clock: Clock;
  readonly newUid?: () => string;
  /** Something in the directory can't be used; what it said before stays in force. */
  readonly onProblem: (problem: ManifestProblem) => void;
}

const RETRY_MS = 1_000;

/**
 * Cluster state in a directory of YAML files, for demos, tests and hosts without Kubernetes. The controller publishes
 * what users' files ask for; until it has, an object does not exist for any program.
 */
export class ManifestStore implements Store {
  readonly #options: ManifestStoreOptions;
  readonly #layout: StateLayout;
  readonly #watchers: Watchers;
  #view: MergedView;
  /** While started. */
  #side: Side | undefined;
  #lost: Error | undefined;
  #retry: Timer | undefined;

  constructor(options: ManifestStoreOptions) {
    this.#options = options;
    this.#layout = layoutOf(resolve(options.directory));
    this.#view = this.#emptyView();
    const revision = (): number => this.#side?.revision ?? 0;
    this.#watchers = new Watchers({
      list: (kind) => this.#view.list(kind),
      get revision() {
        return revision();
      },
    });
  }

  watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch {
    return this.#watchers.watch(options, onEvent);
  }

  relist(): void {
    if (this.#side === undefined || this.#lost !== undefined) return;
    try {
      this.#side.rescan();
      this.#watchers.relist();
    } catch (error) {
      this.#lose(error);
    }
  }

  async write(operation: Operation): Promise<KubernetesObject | undefined> {
    if (this.#lost !== undefined) {
      throw new StoreUnavailableError(this.#lost.message, { cause: this.#lost });
    }
    if (this.#side === undefined) throw new StoreUnavailableError('the store is not started');
    return this.#side.write(operation);
  }

  /** @throws InvalidError when the directory is missing, may not be written, or has another controller */
  async start(): Promise<void> {
    if (this.#side !== undefined) return;
    this.#prepare();
    this.#view = this.#emptyView();
    const side = this.#makeSide();
    try {
      side.start();
    } catch (error) {
      if (this.#options.writer.role !== 'reader' || !isMissing(error)) {
        await side.stop();
        throw error;
      }
      this.#lose(new Error('no controller has worked here yet'));
    }
    this.#side = side;
    this.#watchers.open();
  }

  async stop(): Promise<void> {
    const side = this.#side;
    this.#side = undefined;
    this.#watchers.close();
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#lost = undefined;
    await side?.stop();
  }

  #emptyView(): MergedView {
    return new MergedView({
      onChanged: (object, previous) => this.#watchers.changed(object, previous),
      onDeleted: (object) => this.#watchers.deleted(object),
    });
  }

  #makeSide(): Side {
    const { writer, newUid, clock, onProblem } = this.#options;
    const ports: SidePorts = {
      layout: this.#layout,
      view: this.#view,
      clock,
      onProblem,
      onLost: (error) => this.#lose(error),
      onRevision: () => this.#watchers.bookmark(),
    };
    switch (writer.role) {
      case 'controller':
        return new ControllerSide(ports, newUid ?? randomUUID);
      case 'node':
        return new NodeSide(ports, writer.name);
      case 'reader':
        return new ReaderSide(ports);
    }
  }

  #prepare(): void {
    const { directory, objects, nodes, temporary } = this.#layout;
    const { writer } = this.#options;
    const { role } = writer;
    if (writer.role === 'node' && !isObjectName(writer.name)) {
      throw new InvalidError(`"${writer.name}" is no node name`);
    }
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
      throw new InvalidError(`${directory} is not a directory: make it, and put manifests into it`);
    }
    if (role === 'reader') return;
    const written = role === 'controller' ? [objects, nodes, temporary] : [nodes, temporary];
    try {
      for (const path of [objects, nodes, temporary]) makeBelow(directory, path);
      for (const path of written) accessSync(path, constants.W_OK);
    } catch (error) {
      throw new InvalidError(`the ${role} can't write into ${this.#layout.state}`, {
        cause: error,
      });
    }
  }

  #lose(reason: unknown): void {
    this.#lost ??= new StoreUnavailableError(
      `${this.#layout.directory}: ${reason instanceof Error ? reason.message : reason}`,
      { cause: reason },
    );
    if (this.#retry !== undefined) return;
    this.#watchers.lost(this.#lost);
    this.#retryLater();
  }

  #retryLater(): void {
    this.#retry = this.#options.clock.after(RETRY_MS, () => {
      try {
        this.#side?.rescan();
      } catch {
        // Still gone: the watches know.
        this.#retryLater();
        return;
      }
      this.#retry = undefined;
      this.#lost = undefined;
      this.#watchers.recovered();
    });
  }
}
