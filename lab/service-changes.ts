import { delay } from './exec.ts';
import type { Lab } from './lab.ts';
import {
  applyEndpoints,
  applyService,
  deleteService,
  IPS_OF_A_SERVICE,
  type OneOfMany,
} from './many-services.ts';

/** Services that users change again and again, among many that stay. */
export interface ServiceChanges {
  readonly perSecond: number;
  readonly forMs: number;
  /** By their place among `manyServices`. */
  readonly changing: readonly number[];
  /** A new Service stays for so long before it may be deleted. */
  readonly keptMs: number;
  readonly onCreated: (name: string) => void;
}

interface Created extends OneOfMany {
  readonly atMs: number;
}

/**
 * One after the other: a new Service, a count, endpoints, a deletion.
 * @returns how many changes were made in a second, for the machine may be too slow
 */
export async function changeServices(lab: Lab, wish: ServiceChanges): Promise<number> {
  const startedAt = performance.now();
  const created: Created[] = [];
  const total = Math.round((wish.perSecond * wish.forMs) / 1_000);
  for (let index = 0; index < total; index += 1) {
    const dueInMs = startedAt + (1_000 * index) / wish.perSecond - performance.now();
    if (dueInMs > 1) await delay(dueInMs);
    await change(lab, index, wish, created);
  }
  return (1_000 * total) / (performance.now() - startedAt);
}

async function change(
  lab: Lab,
  index: number,
  { changing, keptMs, onCreated }: ServiceChanges,
  created: Created[],
): Promise<void> {
  const round = Math.floor(index / 4);
  const place = changing[round % changing.length] ?? 0;
  const isOddTurn = Math.floor(round / changing.length) % 2 === 1;
  const [oldest] = created;
  if (index % 4 === 0) {
    const name = `new-${round}`;
    await applyService(lab, { name, index: round });
    await applyEndpoints(lab, { name, index: round });
    created.push({ name, index: round, atMs: performance.now() });
    onCreated(name);
  } else if (index % 4 === 1) {
    const count = isOddTurn ? IPS_OF_A_SERVICE : IPS_OF_A_SERVICE - 1;
    await applyService(lab, { name: `many-${place}`, index: place }, count);
  } else if (index % 4 === 2 || oldest === undefined || performance.now() - oldest.atMs < keptMs) {
    const nodes = isOddTurn ? ['worker'] : ['worker', 'n1'];
    await applyEndpoints(lab, { name: `many-${place}`, index: place }, nodes);
  } else {
    created.shift();
    await deleteService(lab, oldest);
  }
}
