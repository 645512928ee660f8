import { hook as expandServices } from '../../modules/metallb/hooks/expand-services.ts';
import { hook as foldStatus } from '../../modules/metallb/hooks/fold-status.ts';
import { hook as labelNodes } from '../../modules/metallb/hooks/label-nodes.ts';
import { parseContexts } from '../../modules/metallb/hooks/lib/contexts.ts';
import type { HookConfig } from '../../modules/metallb/hooks/lib/hook.ts';
import {
  type ShellOperation,
  shellOperations,
} from '../../modules/metallb/hooks/lib/shell-operations.ts';
import { keyOf } from '../../modules/metallb/src/api/object.ts';
import { AlreadyExistsError, NotFoundError } from '../../modules/metallb/src/store/errors.ts';
import type { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Kind, Operation } from '../../modules/metallb/src/store/store.ts';
import {
  type Projection,
  projectAnnouncing,
  projectChildClass,
  projectChildToFold,
  projectChildToKeep,
  projectClass,
  projectNode,
  projectServiceToExpand,
  projectServiceToFold,
} from './projections.ts';

const HOOKS = {
  'expand-services': {
    hook: expandServices,
    projections: {
      classes: projectClass,
      nodes: projectNode,
      services: projectServiceToExpand,
      children: projectChildToKeep,
    },
  },
  'fold-status': {
    hook: foldStatus,
    projections: { services: projectServiceToFold, children: projectChildToFold },
  },
  'label-nodes': {
    hook: labelNodes,
    projections: {
      classes: projectClass,
      nodes: projectNode,
      children: projectChildClass,
      advertisements: projectAnnouncing,
      'bgp-peers': projectAnnouncing,
      'metal-load-balancer-configurations': projectAnnouncing,
    },
  },
} as const;

export type HookName = keyof typeof HOOKS;

/**
 * Runs the hooks on a store in memory as shell-operator does on a cluster: when what a jqFilter leaves of an object
 * changes, with the snapshots of the whole group, and by its words for operations.
 */
export class FakeShellOperator {
  readonly #store: MemoryStore;
  readonly #now: () => number;
  readonly #seen = new Map<HookName, string>();
  /** What each hook asked for, run by run. */
  readonly runs: { readonly hook: HookName; readonly operations: readonly ShellOperation[] }[] = [];
  readonly failures: string[] = [];

  constructor(store: MemoryStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Runs what there is a reason to run. */
  async step(): Promise<void> {
    for (const name of Object.keys(HOOKS) as HookName[]) {
      const { hook, projections } = HOOKS[name];
      const context = this.#context(hook.config, projections);
      if (context === this.#seen.get(name)) continue;
      this.#seen.set(name, context);
      const operations = hook.handle(parseContexts(context, hook.config), this.#now());
      const asked = shellOperations(operations);
      this.runs.push({ hook: name, operations: asked });
      for (const operation of asked) await this.#apply(asWritten(operation));
    }
  }

  #context({ kubernetes }: HookConfig, projections: Readonly<Record<string, Projection>>): string {
    const snapshots = kubernetes.map(({ name, kind }) => {
      const project = projections[name] ?? ((object) => object);
      const objects = this.#store.list(kind as Kind);
      objects.sort((a, b) => (keyOf(a.metadata) < keyOf(b.metadata) ? -1 : 1));
      return [name, objects.map((object) => ({ filterResult: project(object) }))];
    });
    const context = { binding: 'services', type: 'Group', groupName: 'main' };
    return JSON.stringify([{ ...context, snapshots: Object.fromEntries(snapshots) }]);
  }

  async #apply(operation: ShellOperation): Promise<void> {
    try {
      await this.#store.write(storeOperation(operation));
    } catch (error) {
      if (operation.operation === 'CreateIfNotExists' && error instanceof AlreadyExistsError)
        return;
      if (operation.operation === 'JSONPatch' && error instanceof NotFoundError) return;
      this.failures.push(`${operation.operation}: ${error}`);
      // The run counts as failed and is repeated, from what there is then.
      this.#seen.clear();
    }
  }
}

/** As it comes out of the file. */
function asWritten(operation: ShellOperation): ShellOperation {
  return JSON.parse(JSON.stringify(operation));
}

function storeOperation(operation: ShellOperation): Operation {
  if (operation.operation === 'CreateIfNotExists')
    return { do: 'create', object: operation.object };
  const { kind, namespace, name } = operation;
  const ref = { kind: kind as Kind, namespace, name };
  if (operation.operation === 'DeleteInBackground') return { do: 'delete', ref };
  const { subresource, jsonPatch } = operation;
  return { do: 'patch', ref, patch: jsonPatch, ...(subresource && { subresource }) };
}
