import { until } from './exec.ts';
import { collectionPath } from './kubernetes/kinds.ts';
import type { Lab } from './lab.ts';

interface CoreEvent {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly reason: string;
  readonly message: string;
}

const LOG_LINES = 5_000;

/** Waits until an Event of the Service says so: in the API, or in a program's log beside a directory of manifests. */
export async function eventTells(
  lab: Lab,
  service: string,
  { reason, message }: { readonly reason: string; readonly message: RegExp },
): Promise<void> {
  let told: readonly string[] = [];
  const what = () => `${reason} ${message} about ${service}, there is\n${told.join('\n')}`;
  await until({ what, deadlineMs: 10_000, everyMs: 100 }, async () => {
    told = lab.options.store === 'kubernetes' ? await inApi(lab, service) : inLogs(lab, service);
    return told.some((one) => one.startsWith(`${reason}: `) && message.test(one));
  });
}

async function inApi(lab: Lab, service: string): Promise<string[]> {
  const { items } = (await lab.kubernetes.api.get(collectionPath('Event', 'default'))) as {
    items: CoreEvent[];
  };
  return items
    .filter(({ involvedObject: { kind, name } }) => kind === 'Service' && name === service)
    .map(({ reason, message }) => `${reason}: ${message}`);
}

function inLogs(lab: Lab, service: string): string[] {
  const lines = lab.programs().flatMap((program) => program.lastLogLines(LOG_LINES));
  return lines.filter(isEntry).flatMap((line) => {
    const { object, reason, message } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return object === `Service/default/${service}` ? [`${reason}: ${message}`] : [];
  });
}

/** What Node itself has to say is no entry of the program's log. */
function isEntry(line: string): boolean {
  return line.startsWith('{');
}
