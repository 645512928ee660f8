/** Deckhouse's, and whether they have BGP. */
export const EDITIONS: readonly [edition: string, hasBgp: boolean][] = [
  ['CE', false],
  ['BE', false],
  ['SE', false],
  ['SE-plus', false],
  ['EE', true],
  ['FE', true],
  ['CSE-Lite', false],
  ['CSE-Pro', true],
];
