import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { pathInRoot } from '../../lab/kubernetes/path-in-root.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Program } from '../../lab/program.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { RELEASE_LAB } from '../journeys/release-lab.ts';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const RENEWED_WITHIN_MS = 10_000;
/** Programs that find no API server look again every ten seconds at last. */
const BACK_WITHIN_MS = 20_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'tokens/of-a-replaced-signing-key-are-renewed-in-running-pods',
    { lab: RELEASE_LAB, stores: ['kubernetes'], isLong: true, deadlineMs: 180_000 },
    async (lab) => {
      const { api, plane, installation } = lab.kubernetes;
      await freshServices(lab);
      const processes = lab.programs().map(({ pid }) => pid);
      const old = lab.programs().map(tokenIn);

      await plane.serviceAccountKeys.replace();
      await plane.restartApiServer(api);
      assert.equal(await accepted(lab, old), old);
      installation?.kubelets.restart();
      const what = 'another token in every Pod';
      await until({ what, deadlineMs: RENEWED_WITHIN_MS }, () =>
        lab.programs().every((program) => !old.includes(tokenIn(program))),
      );
      await plane.serviceAccountKeys.trustNoOther();
      await plane.restartApiServer(api);
      assert.equal(await accepted(lab, old), []);

      // Deleted and created: controllers and speakers see it, and write.
      await freshServices(lab, lab.nodes.length, BACK_WITHIN_MS);
      assert.equal(
        lab.programs().map(({ pid }) => pid),
        processes,
        'nothing was restarted',
      );
      return undefined;
    },
  ),
];

/** As the program itself reads it. */
function tokenIn({ pid }: Program): string {
  const root = `/proc/${pid}/root`;
  return readFileSync(join(root, pathInRoot(root, TOKEN)), 'utf8');
}

/** @returns those that the API server takes */
async function accepted(lab: Lab, tokens: readonly string[]): Promise<string[]> {
  const reviews = tokens.map(async (token) => {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const { status } = (await lab.kubernetes.api.send('POST', TOKEN_REVIEWS, review)) as {
      status: { authenticated?: boolean };
    };
    return status.authenticated ? [token] : [];
  });
  return (await Promise.all(reviews)).flat();
}
