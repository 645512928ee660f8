import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '..', 'docs', 'network-requirements.md');

/**
 * A recipe of docs/network-requirements.md as a shell script: the block of code after the comment `<!-- recipe: name -->`.
 * @param values stand for the example's `PUBLIC`, `GATEWAY` and `GATEWAY6`
 */
export function recipe(
  name: string,
  values: { readonly interface: string; readonly IPv4?: string; readonly IPv6?: string },
): string {
  const [, after = ''] = readFileSync(PAGE, 'utf8').split(`<!-- recipe: ${name} -->`);
  const script = /^\s*```sh\n([\s\S]*?)\n```/.exec(after)?.[1];
  if (script === undefined) throw new Error(`${PAGE} has no recipe ${name}`);
  return script
    .replace(/^PUBLIC=.*$/m, `PUBLIC=${values.interface}`)
    .replace(/^GATEWAY=.*$/m, `GATEWAY=${values.IPv4 ?? ''}`)
    .replace(/^GATEWAY6=.*$/m, `GATEWAY6=${values.IPv6 ?? ''}`);
}
