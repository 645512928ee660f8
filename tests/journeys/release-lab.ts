import type { LabOptions } from '../../lab/lab.ts';

/** Of a released IP; a minute unless set. */
export const COOL_DOWN_MS = 4_000;

/** Of the Service in examples/class-three-ips.yaml. */
export const EXAMPLE_PORT = 8000;

/** The module as helm installs it; a returning node is trusted after a second, as elsewhere in the lab. */
export function releaseLab(values: Readonly<Record<string, unknown>> = {}): Partial<LabOptions> {
  return { release: { metallb: { holdDownMs: 1_000, coolDownMs: COOL_DOWN_MS, ...values } } };
}

export const RELEASE_LAB = releaseLab();
