import type { ModuleConfig } from './module-config.ts';

/** module.yaml, as far as the module's life depends on it. */
export interface ModuleYaml {
  readonly name: string;
  readonly disable?: {
    readonly confirmation?: boolean;
    readonly messages?: { readonly en?: string };
  };
}

const ANNOTATION = 'modules.deckhouse.io/allow-disabling';

/** Why Deckhouse's webhook does not let the user turn the module off. Undefined where it does. */
export function confirmDisabling(config: ModuleConfig, module: ModuleYaml): string | undefined {
  if (module.disable?.confirmation !== true) return undefined;
  if (config.metadata.annotations?.[ANNOTATION] === 'true') return undefined;
  const consequence = module.disable.messages?.en ?? '';
  return `${consequence} Please annotate ModuleConfig with \`${ANNOTATION}=true\` if you're sure that you want to disable the module.`;
}
