/** Deckhouse's editions that have BGP, in small letters: values files have them in both. */
const WITH_BGP: ReadonlySet<string> = new Set(['ee', 'fe', 'cse-pro']);

/** Whether an edition, as `global.deckhouseEdition` has it, announces by BGP. One that nobody knows does not. */
export function mayUseBgp(edition: string): boolean {
  return WITH_BGP.has(edition.toLowerCase());
}

/**
 * What is said of an object of BGP in an edition without.
 * @param consequence of one that is about more than BGP
 */
export function editionRequired(
  edition: string,
  consequence = 'it has no effect; ARP and NDP are as they were',
): string {
  return `BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: ${consequence}`;
}

const OF_CLASS = {
  BGP: 'nobody announces its IPs, which Services keep; type L2 announces them by ARP and NDP',
  L2AndBGP: 'its IPs are announced by ARP and NDP alone',
} as const;

/** What is said of a class in this edition; undefined where it asks for nothing that the edition has not. */
export function editionRequiredOfClass(
  edition: string,
  type: 'L2' | keyof typeof OF_CLASS,
): string | undefined {
  if (type === 'L2' || mayUseBgp(edition)) return undefined;
  return editionRequired(edition, OF_CLASS[type]);
}
