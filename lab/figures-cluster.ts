import type { FigureGroup, Samples } from './figure.ts';
import { memory } from './figures-node.ts';
import type { Lab } from './lab.ts';
import { createdToAnswered } from './new-service.ts';

/** The same through a real API server, with the module as helm installs it. */
export function clusterFigures(trials: number): FigureGroup {
  return {
    lab: { store: 'kubernetes', release: { metallb: { holdDownMs: 1_000 } } },
    figures: [
      {
        ...{ name: 'api-created-to-answered', unit: 'ms', trials },
        trial: async (lab, node, index) => throughApi(await createdToAnswered(lab, node, index)),
      },
      {
        ...{ name: 'api-memory', unit: 'MiB', trials: 1 },
        trial: async (lab: Lab) => throughApi(await memory(lab)),
      },
    ],
  };
}

function throughApi(samples: Samples): Samples {
  const named = Object.entries(samples).map(([name, some]) => [`${name}, through the API`, some]);
  return Object.fromEntries(named);
}
