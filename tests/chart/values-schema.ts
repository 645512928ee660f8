import { type SettingsSchema, VALUES_SCHEMA } from './settings-schema.ts';

/** Keywords that only Deckhouse's documentation and addon-operator know. */
const isForeign = (keyword: string) => keyword.startsWith('x-');

function withoutForeign(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutForeign);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([keyword]) => !isForeign(keyword));
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutForeign(value)]));
}

/** Deckhouse checks settings itself, and adds values that no user may set. */
const IN_DECKHOUSE = {
  required: ['global'],
  properties: {
    global: { anyOf: [{ required: ['deckhouseVersion'] }, { required: ['discovery'] }] },
  },
};

/** What Helm checks values against: modules/metallb/values.schema.json. */
export function helmSchema(): unknown {
  const { internal: _, registry: __, ...settings } = VALUES_SCHEMA.properties ?? {};
  const metallb: SettingsSchema = {
    type: 'object',
    additionalProperties: false,
    properties: settings,
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    if: IN_DECKHOUSE,
    else: {
      additionalProperties: false,
      properties: { global: { type: 'object' }, metallb: withoutForeign(metallb) },
    },
  };
}
