import type { DutyTable } from './duty.ts';
import { diffTables, emptyTable, LiveDutyTable } from './duty-table.ts';
import {
  DUTY_PROTOCOL_VERSION,
  type DutyChange,
  MAX_CHANGES,
  type ToSpeaker,
  type ToWire,
} from './messages.ts';

/** The wire process on this node speaks another version of the duty protocol: one of the two is not yet restarted. */
export class ProtocolMismatchError extends Error {
  override readonly name = 'ProtocolMismatchError';

  constructor(theirs: number) {
    super(
      `the other end speaks duty protocol ${theirs}, this one ${DUTY_PROTOCOL_VERSION}: restart both programs from one release`,
    );
  }
}

/**
 * The speaker's end of the duty channel. Holds what the wire should know; changes that wait for the socket replace
 * each other by key, so a slow wire costs at most one table of memory.
 * Invariant: while serving without `#wholeTable`, the wire's table + `#pending` = `table`.
 */
export class DutySender {
  readonly #table = new LiveDutyTable();
  readonly #pending = new Map<string, DutyChange>();
  #serving = false;
  #wholeTable = true;
  #number = 0;

  get table(): DutyTable {
    return this.#table;
  }

  /** A new connection: says hello and waits for the wire's, which `received` gets. */
  connected(): ToWire[] {
    this.disconnected();
    return [{ kind: 'hello', protocol: DUTY_PROTOCOL_VERSION }];
  }

  disconnected(): void {
    this.#serving = false;
    this.#wholeTable = true;
    this.#pending.clear();
  }

  /** @returns an error when the two ends can't talk: close the connection and tell people */
  received(message: ToSpeaker): ProtocolMismatchError | undefined {
    if (message.kind === 'resync') this.#wholeTable = true;
    if (message.kind !== 'hello') return undefined;
    if (message.protocol !== DUTY_PROTOCOL_VERSION) {
      return new ProtocolMismatchError(message.protocol);
    }
    this.#serving = true;
    return undefined;
  }

  update(changes: readonly DutyChange[]): void {
    this.#table.apply(changes);
    if (!this.#serving) return;
    for (const change of changes) this.#pending.set(keyOfChange(change), change);
  }

  /** All that the wire lacks. Call after `received` and `update`, whenever the socket takes more. */
  takeMessages(): ToWire[] {
    if (!this.#serving) return [];
    const changes = this.#wholeTable
      ? diffTables(emptyTable(), this.#table)
      : [...this.#pending.values()].sort((a, b) => orderOf(a) - orderOf(b));
    this.#pending.clear();
    const differences = this.#wholeTable ? [this.#numbered('table-start')] : [];
    for (let start = 0; start < changes.length; start += MAX_CHANGES) {
      differences.push(this.#difference(changes.slice(start, start + MAX_CHANGES)));
    }
    if (this.#wholeTable) differences.push(this.#numbered('table-complete'));
    this.#wholeTable = false;
    return differences;
  }

  #numbered(kind: 'table-start' | 'table-complete'): ToWire {
    this.#number += 1;
    return { kind, number: this.#number };
  }

  #difference(changes: readonly DutyChange[]): ToWire {
    this.#number += 1;
    return { kind: 'difference', number: this.#number, changes };
  }
}

function keyOfChange(change: DutyChange): string {
  if ('unset' in change) {
    return change.unset === 'duty' ? `duty ${change.ip}` : `group ${change.id}`;
  }
  if (change.set === 'duty') return `duty ${change.duty.ip}`;
  return change.set === 'group' ? `group ${change.group.id}` : change.set;
}

/** As `diffTables` orders them: groups before the duties that name them and gone after them, the revision last. */
function orderOf(change: DutyChange): number {
  if ('unset' in change) return change.unset === 'duty' ? 1 : 2;
  if (change.set === 'revision') return 3;
  return change.set === 'duty' ? 1 : 0;
}
