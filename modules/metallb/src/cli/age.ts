const UNITS = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** A span in its largest unit that fits twice, as `kubectl` rounds ages: 90 s, 3 min, 47 h, 2 d. Never negative. */
export function formatAge(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1_000));
  const unit = UNITS.find((candidate) => seconds >= candidate.seconds * 2) ?? UNITS[3];
  return `${Math.floor(seconds / unit.seconds)} ${unit.name}`;
}
