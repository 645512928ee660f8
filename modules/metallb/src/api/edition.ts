/** Deckhouse's editions that have BGP, in small letters: values files have them in both. */
const WITH_BGP: ReadonlySet<string> = new Set(['ee', 'fe', 'cse-pro']);

/** Whether an edition, as `global.deckhouseEdition` has it, announces by BGP. One that nobody knows does not. */
export function mayUseBgp(edition: string): boolean {
  return WITH_BGP.has(edition.toLowerCase());
}

/** What is said of an object of BGP in an edition without. */
export function editionRequired(edition: string): string {
  return `BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: it has no effect; ARP and NDP are as they were`;
}
