import type { LabOptions } from '../../lab/lab.ts';

/** The module as helm installs it; a returning node is trusted after a second, as elsewhere in the lab. */
export const RELEASE_LAB: Partial<LabOptions> = {
  release: { metallb: { holdDownMs: 1_000 } },
};
