const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;

/** Whole seconds of a duration as Go writes it (`90s`, `1m30s`), rounded down as MetalLB does. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!DURATION.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)];
  const seconds = parts.reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 0),
    0,
  );
  return Math.floor(seconds);
}

/** As Go writes it, and with it the API server: `1m30s`, `2m0s`, `0s`. */
export function formatGoDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const withHours = hours > 0 ? `${hours}h` : '';
  const withMinutes = seconds >= 60 ? `${minutes}m` : '';
  return `${withHours}${withMinutes}${seconds % 60}s`;
}
