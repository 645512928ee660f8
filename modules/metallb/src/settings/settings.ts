/** What a text says as a value of a setting, or one sentence about what would be right. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** One setting of a program. Every source (flag, environment, file, default) gives text, and all are read alike. */
export interface Setting<T> {
  readonly description: string;
  /** As a user would write it; undefined when the setting must be given. */
  readonly default: string | undefined;
  readonly parse: (text: string) => Parsed<T>;
  /** The process that needs it first does not read the file of `--config`. */
  readonly notFromFile?: boolean;
}

/** All settings of one program. A key such as `runDir` is read from `--run-dir`, `METALLB_RUN_DIR`, `run-dir:`. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

/** What a program gets after its table has been read. */
export type SettingsOf<Table extends SettingsTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer T> ? T : never;
};

/** A setting that is unknown, missing or wrong; the message is a sentence for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
