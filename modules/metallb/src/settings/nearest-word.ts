/** More changes than this make another word, not a slip of the fingers. */
const MAX_CHANGES = 2;

/** The candidate that `word` was probably meant to be: one that begins with it, or differs in a letter or two. */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let nearest: { candidate: string; changes: number } | undefined;
  for (const candidate of candidates) {
    const begins = word.length > 0 && candidate.startsWith(word);
    if (!begins && Math.abs(word.length - candidate.length) > MAX_CHANGES) continue;
    const changes = begins ? 0 : changesBetween(word, candidate);
    if (changes > MAX_CHANGES || changes >= candidate.length) continue;
    if (nearest === undefined || changes < nearest.changes) nearest = { candidate, changes };
  }
  return nearest?.candidate;
}

/** `; did you mean status?`, or nothing where nothing is near. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const nearest = nearestWord(word, candidates);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** Letters to insert, delete, replace or swap with the next (Damerau's distance of optimal string alignment). */
function changesBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (row[j - 1] ?? 0) + 1,
        (last[j] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
