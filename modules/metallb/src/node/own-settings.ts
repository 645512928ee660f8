import { parseArgs } from 'node:util';

/** The settings that `node` itself needs. All others, and help, are its children's: they check everything. */
export interface OwnSettings {
  readonly health: { readonly host: string; readonly port: number };
  readonly terminationGraceMs: number;
  readonly runDir: string;
}

const DEFAULT_HEALTH = { host: '127.0.0.1', port: 7476 };
const DEFAULT_TERMINATION_GRACE_MS = 28_000;
const DEFAULT_RUN_DIR = '/run/metallb';
/** The children end within the grace by themselves; only one that hangs is killed. */
const MARGIN_MS = 1_000;

/** Wrong values fall back to the defaults here: the children refuse them a moment later, with a sentence. */
export function readOwnSettings(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OwnSettings {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    options: {
      'health-address': { type: 'string' },
      'termination-grace-ms': { type: 'string' },
      'run-dir': { type: 'string' },
    },
  });
  const address = values['health-address'] ?? env['METALLB_HEALTH_ADDRESS'];
  const grace = values['termination-grace-ms'] ?? env['METALLB_TERMINATION_GRACE_MS'];
  const runDir = values['run-dir'] ?? env['METALLB_RUN_DIR'];
  const graceMs = /^\d{1,7}$/.test(String(grace)) ? Number(grace) : DEFAULT_TERMINATION_GRACE_MS;
  return {
    health: parseAddress(String(address)) ?? DEFAULT_HEALTH,
    terminationGraceMs: graceMs + MARGIN_MS,
    runDir: typeof runDir === 'string' && runDir !== '' ? runDir : DEFAULT_RUN_DIR,
  };
}

function parseAddress(text: string): OwnSettings['health'] | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) };
}
