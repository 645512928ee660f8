import { tells } from './condition.ts';
import type { Lab } from './lab.ts';

/** Waits until people are told so of the Node. @returns the condition's message */
export function nodeTells(
  lab: Lab,
  node: string,
  condition: string,
  { status = 'True', message = /(?:)/ }: { status?: 'True' | 'False'; message?: RegExp } = {},
): Promise<string> {
  const type = `network.deckhouse.io/${condition}`;
  return tells(lab, { kind: 'Node', name: node }, { type, status, message });
}
