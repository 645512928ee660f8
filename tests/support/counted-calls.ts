import { Session } from 'node:inspector';

/** A run of all tests has the product in its bundle, with the tests. */
const OF_PRODUCT = /\/modules\/metallb\/|\/\.cache\/bundle-/;

/**
 * How often functions of the product were called by each piece of work: its cost as a number that no other load on the
 * machine changes. To begin counting takes longer than most work: one call for all. Spoils a coverage report of the same
 * process.
 */
export async function countedCalls(works: readonly (() => unknown)[]): Promise<number[]> {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const counts: number[] = [];
  try {
    for (const work of works) {
      await work();
      counts.push(takeCount(session));
    }
    return counts;
  } finally {
    session.disconnect();
  }
}

/** Since it was last taken. */
function takeCount(session: Session): number {
  let calls = 0;
  // The callback of a session in the same thread is called before `post` returns.
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error !== null) throw error;
    const functions = coverage.result
      .filter(({ url }) => OF_PRODUCT.test(url))
      .flatMap((script) => script.functions);
    calls = functions.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
  });
  return calls;
}
