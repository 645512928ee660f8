import { until } from './exec.ts';
import type { Lab } from './lab.ts';

/** Waits until people are told so of the Node. @returns the condition's message */
export async function nodeTells(
  lab: Lab,
  node: string,
  condition: string,
  { status = 'True', message = /(?:)/ }: { status?: 'True' | 'False'; message?: RegExp } = {},
): Promise<string> {
  const type = `network.deckhouse.io/${condition}`;
  let conditions: Record<string, string>[] = [];
  const what = () => `${type} of ${node} ${status} ${message}: ${JSON.stringify(conditions)}`;
  return until({ what, deadlineMs: 5_000 }, async () => {
    const object = await lab.cluster.read({ kind: 'Node', name: node });
    conditions = (object?.status?.['conditions'] ?? []) as Record<string, string>[];
    const told = conditions.find((one) => one['type'] === type && one['status'] === status);
    const text = told?.['message'] ?? '';
    return told !== undefined && message.test(text) && text;
  });
}
