/** On what the migration made: what that can't express of what it was made from. */
const NOT_MIGRATED = 'network.deckhouse.io/not-migrated';

/** The annotation for those who look at the object; nothing where nothing is lost. */
export function lossesAnnotation(losses: readonly string[]): {
  readonly annotations?: Readonly<Record<string, string>>;
} {
  return losses.length === 0 ? {} : { annotations: { [NOT_MIGRATED]: losses.join('; ') } };
}
