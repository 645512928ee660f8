import { isDeepStrictEqual } from 'node:util';
import { CHILD_KIND } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { describeObject, type PatchOperation, patchObject } from '../store/apply-patch.ts';
import { AlreadyExistsError, InvalidError, NotFoundError } from '../store/errors.ts';
import { isKind } from '../store/kinds.ts';
import type { NewObject, ObjectRef, Operation } from '../store/store.ts';
import { AtomicFiles } from './atomic-file.ts';
import { type Fragment, isMadeByNodes, mergeStatus, ownShare } from './fragments.ts';
import { nodeDirectory } from './layout.ts';
import { NodeFiles, readNodeFiles } from './node-files.ts';
import { ReaderSide } from './reader-side.ts';
import type { Side, SidePorts } from './side.ts';

/** A node's part: reads everything, and writes its share of statuses into files of its own. */
export class NodeSide implements Side {
  readonly #ports: SidePorts;
  readonly #node: string;
  readonly #reader: ReaderSide;
  readonly #files: NodeFiles;

  constructor(ports: SidePorts, node: string) {
    this.#ports = ports;
    this.#node = node;
    const { layout, clock, view } = ports;
    this.#reader = new ReaderSide(ports, nodeDirectory(layout, node));
    const files = new AtomicFiles(layout.temporary, `node-${node}`);
    const isCurrent = (one: Fragment) => view.base(one)?.metadata.uid === one.uid;
    this.#files = new NodeFiles({ layout, clock, files, isCurrent }, node);
  }

  get revision(): number {
    return this.#reader.revision;
  }

  start(): void {
    for (const fragment of readNodeFiles(this.#ports.layout, this.#node)) {
      this.#files.adopt(fragment);
      this.#ports.view.setFragment(fragment);
      this.#ports.view.refresh(fragment);
    }
    this.#reader.start();
  }

  rescan(): void {
    this.#reader.rescan();
  }

  async write(operation: Operation): Promise<KubernetesObject | undefined> {
    if (operation.do === 'create' && isMadeByNodes(operation.object.kind)) {
      return this.#create(operation.object);
    }
    if (operation.do === 'delete' && isMadeByNodes(operation.ref.kind)) {
      return this.#unsay(operation.ref);
    }
    const isPatch = operation.do === 'patch' && this.#mayWrite(operation.ref);
    if (isPatch && operation.subresource === 'status') return this.#patchStatus(operation);
    if (isPatch && isMadeByNodes(operation.ref.kind)) return this.#label(operation);
    throw new InvalidError(
      `node ${this.#node} may write only the status of children and of Node/${this.#node}, and what nodes tell of Services`,
    );
  }

  /** It is there for all as soon as somebody has something to say in it. */
  async #create({ kind, metadata }: NewObject): Promise<KubernetesObject | undefined> {
    const { view } = this.#ports;
    const { namespace, name, labels = {} } = metadata;
    if (!isKind(kind)) throw new InvalidError(`kind ${kind} is unknown`);
    const ref = { kind, namespace, name };
    if (view.get(ref) !== undefined) {
      throw new AlreadyExistsError(`${describeObject(ref)} exists already`);
    }
    const uid = describeObject(ref);
    this.#say({ ...ref, uid, node: this.#node, order: 1, status: { fields: {} }, labels });
    await this.#files.settle(ref);
    return view.get(ref);
  }

  /** The object is gone once nobody says anything in it. */
  async #unsay(ref: ObjectRef): Promise<undefined> {
    const own = this.#ownFragment(ref);
    if (own === undefined) return;
    this.#say({ ...own, status: {} });
    await this.#files.settle(ref);
  }

  async #label(operation: PatchOperation): Promise<KubernetesObject | undefined> {
    const { view } = this.#ports;
    const { ref } = operation;
    const merged = view.get(ref);
    const own = this.#ownFragment(ref);
    if (merged === undefined || own === undefined) {
      throw new NotFoundError(`${describeObject(ref)} does not exist`);
    }
    const { labels = {} } = patchObject(merged, operation).metadata;
    this.#say({ ...own, labels });
    await this.#files.settle(ref);
    return view.get(ref);
  }

  async #patchStatus(operation: PatchOperation): Promise<KubernetesObject | undefined> {
    const { view } = this.#ports;
    const { ref } = operation;
    const merged = view.get(ref);
    if (merged === undefined) throw new NotFoundError(`${describeObject(ref)} does not exist`);
    const patched = patchObject(merged, operation);
    const own = this.#ownFragment(ref);
    const others = mergeStatus(view.base(ref)?.status, view.fragmentsOf(ref, this.#node));
    const isMade = isMadeByNodes(ref.kind);
    const states = { others, merged: merged.status, patched: patched.status, isMade };
    const status = ownShare(this.#node, states, own?.status);
    if (!isDeepStrictEqual(status, own?.status ?? {})) {
      this.#say({
        ...ref,
        uid: merged.metadata.uid,
        node: this.#node,
        order: this.#nextOrder(ref),
        status,
        ...(isMade && { labels: merged.metadata.labels ?? {} }),
      });
    }
    await this.#files.settle(ref);
    return view.get(ref);
  }

  async stop(): Promise<void> {
    await this.#reader.stop();
    await this.#files.stop();
  }

  #mayWrite({ kind, name }: ObjectRef): boolean {
    return kind === CHILD_KIND || isMadeByNodes(kind) || (kind === 'Node' && name === this.#node);
  }

  #say(fragment: Fragment): void {
    const { view } = this.#ports;
    if (Object.keys(fragment.status).length > 0) {
      this.#files.set(fragment);
      view.setFragment(fragment);
    } else {
      this.#files.delete(fragment);
      view.dropFragment(fragment, this.#node);
    }
    view.refresh(fragment);
  }

  #ownFragment(ref: ObjectRef): Fragment | undefined {
    const fragments = this.#ports.view.fragmentsOf(ref);
    return fragments.find(({ node }) => node === this.#node);
  }

  #nextOrder(ref: ObjectRef): number {
    return 1 + Math.max(0, ...this.#ports.view.fragmentsOf(ref).map(({ order }) => order));
  }
}
