/** Keys by something that many of them may have in common, such as children by their Service. */
export class Grouping {
  readonly #groupOf = new Map<string, string>();
  readonly #members = new Map<string, Set<string>>();

  /** Those with members. */
  get groups(): Iterable<string> {
    return this.#members.keys();
  }

  groupOf(key: string): string | undefined {
    return this.#groupOf.get(key);
  }

  membersOf(group: string): Iterable<string> {
    return this.#members.get(group) ?? [];
  }

  sizeOf(group: string): number {
    return this.#members.get(group)?.size ?? 0;
  }

  /** @param group undefined takes the key out */
  put(key: string, group: string | undefined): void {
    const before = this.#groupOf.get(key);
    if (before === group) return;
    if (before !== undefined) this.#leave(key, before);
    if (group === undefined) {
      this.#groupOf.delete(key);
      return;
    }
    this.#groupOf.set(key, group);
    const members = this.#members.get(group);
    if (members === undefined) this.#members.set(group, new Set([key]));
    else members.add(key);
  }

  #leave(key: string, group: string): void {
    const members = this.#members.get(group);
    members?.delete(key);
    if (members?.size === 0) this.#members.delete(group);
  }
}
