import { Ajv, type ErrorObject } from 'ajv';
import type { SettingsSchema } from '../chart/settings-schema.ts';
import { brokenRules } from './cel-rules.ts';

/**
 * What is wrong with a value, in one line and in the words of Deckhouse's validator (go-openapi), each field named from `root`
 * on. As in addon-operator, rules in CEL come first, and where one is broken nobody looks further. Undefined: nothing.
 */
export function schemaError(
  schema: SettingsSchema,
  root: string,
  value: unknown,
): string | undefined {
  const broken = brokenRules(schema, value);
  if (broken.length > 0) return broken.join(' ');
  const ajv = new Ajv({ strict: false, allErrors: true, verbose: true });
  ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });
  const validate = ajv.compile(schema);
  if (validate(value)) return undefined;
  const errors = (validate.errors ?? []).filter(isOutsideOfChoices);
  return counted(errors.map((error) => worded(error, root)));
}

/** As go-multierror counts them, which has them in no order. */
function counted(errors: string[]): string {
  const count = errors.length === 1 ? '1 error' : `${errors.length} errors`;
  return `${count} occurred: ${errors
    .sort()
    .map((error) => `* ${error}`)
    .join(' ')}`;
}

/** What does not fit an alternative of `oneOf` is said by one sentence about all of them. */
function isOutsideOfChoices({ schemaPath }: ErrorObject): boolean {
  return !/\/oneOf\/\d+\//.test(schemaPath);
}

/** `/bgpPeers/0/peer-asn` → `metallb.bgpPeers.0.peer-asn` */
function fieldOf(root: string, instancePath: string): string {
  const members = instancePath.split('/').slice(1);
  const unescaped = members.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return [root, ...unescaped].join('.');
}

function worded({ instancePath, keyword, params, data, message }: ErrorObject, root: string) {
  const field = fieldOf(root, instancePath);
  switch (keyword) {
    case 'additionalProperties':
      return `${field}.${params['additionalProperty']} is a forbidden property`;
    case 'required':
      return `${field}.${params['missingProperty']} is required`;
    case 'type':
      return `${field} must be of type ${params['type']}: "${typeOf(data)}"`;
    case 'minimum':
      return `${field} should be greater than or equal to ${params['limit']}`;
    case 'maximum':
      return `${field} should be less than or equal to ${params['limit']}`;
    case 'pattern':
      return `${field} should match '${params['pattern']}'`;
    case 'enum':
      return `${field} should be one of [${params['allowedValues'].join(' ')}]`;
    case 'minLength':
      return `${field} should be at least ${params['limit']} chars long`;
    case 'maxLength':
      return `${field} should be at most ${params['limit']} chars long`;
    case 'minItems':
      return `${field} should have at least ${params['limit']} items`;
    case 'oneOf':
      return `"${field}" must validate one and only one schema (oneOf). Found none valid`;
    default:
      throw new Error(`${field} ${message}: no words for ${keyword} in tests/deckhouse`);
  }
}

function typeOf(data: unknown): string {
  if (data === null) return 'null';
  if (Array.isArray(data)) return 'array';
  if (typeof data === 'number') return Number.isInteger(data) ? 'integer' : 'number';
  return typeof data;
}
