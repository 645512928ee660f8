import { environmentName, flagName } from '../../modules/metallb/src/settings/setting-names.ts';
import type { SettingsTable } from '../../modules/metallb/src/settings/settings.ts';

/** The table of a program's settings as docs/reference/settings.md has it. */
export function settingsReference(table: SettingsTable): string {
  const rows = Object.entries(table).map(([key, setting]) => [
    `\`--${flagName(key)}\``,
    `\`${environmentName(key)}\``,
    whenAbsent(setting.default),
    setting.description,
  ]);
  return [['flag', 'environment', 'default', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function whenAbsent(fallback: string | undefined): string {
  if (fallback === undefined) return 'must be given';
  return fallback === '' ? 'none' : `\`${fallback}\``;
}
