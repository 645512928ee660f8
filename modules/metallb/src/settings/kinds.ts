import { familyOf, type IpAddress, ipToBytes, parseIp } from '../net/ip.ts';
import type { Parsed, Setting } from './settings.ts';

interface Told {
  readonly description: string;
  /** Without a default the setting must be given. */
  readonly default?: string;
}

/** Where a server listens. */
export interface SocketAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** An object of a kind that stays unsaid. */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

export type StoreAddress =
  | { readonly kind: 'manifests'; readonly directory: string }
  | { readonly kind: 'kubernetes' };

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Text that is not empty and not longer than `maxLength`. */
export function text(told: Told & { readonly maxLength?: number }): Setting<string> {
  const maxLength = told.maxLength ?? 4_096;
  return setting(told, (value) =>
    value !== '' && value.length <= maxLength
      ? { value }
      : { problem: `expected 1 to ${maxLength} characters` },
  );
}

/** A whole number within bounds, in decimal digits. */
export function integer(
  told: Told & { readonly minimum: number; readonly maximum: number },
): Setting<number> {
  return setting(told, (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    return number >= told.minimum && number <= told.maximum
      ? { value: number }
      : { problem: `expected a whole number from ${told.minimum} to ${told.maximum}` };
  });
}

/** One of a few words. */
export function oneOf<Word extends string>(
  told: Told & { readonly words: readonly Word[] },
): Setting<Word> {
  return setting(told, (value) => {
    const word = told.words.find((candidate) => candidate === value);
    return word === undefined
      ? { problem: `expected one of ${told.words.join(', ')}` }
      : { value: word };
  });
}

/** `HOST:PORT`, an IPv6 host in brackets. */
export function socketAddress(told: Told): Setting<SocketAddress> {
  return setting(told, (value) => {
    const [, bracketed, plain, digits] =
      /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value) ?? [];
    const host = bracketed ?? plain;
    const port = Number(digits);
    return host === undefined || port > 65_535
      ? { problem: 'expected HOST:PORT such as 127.0.0.1:7476 or [::1]:7476' }
      : { value: { host, port } };
  });
}

/** A socket address, or `off`: no server, undefined. */
export function socketAddressOrOff(told: Told): Setting<SocketAddress | undefined> {
  const address = socketAddress(told);
  return setting(told, (value): Parsed<SocketAddress | undefined> => {
    if (value === 'off') return { value: undefined };
    const parsed = address.parse(value);
    return 'problem' in parsed ? { problem: `${parsed.problem}, or off` } : parsed;
  });
}

/** An `http://` address of a page; the empty text stands for none. */
export function pageUrl(told: Told): Setting<URL | undefined> {
  return setting(told, (value) => {
    if (value === '') return { value: undefined };
    const url = URL.canParse(value) ? new URL(value) : undefined;
    return url?.protocol === 'http:' && url.username === '' && url.password === ''
      ? { value: url }
      : { problem: 'expected nothing or a URL such as http://127.0.0.1:10249/metrics' };
  });
}

/** A multicast group that routers never forward. */
export function linkLocalGroup(told: Told): Setting<IpAddress> {
  return setting(told, (value) => {
    const ip = parseIp(value);
    return ip !== undefined && isLinkLocalGroup(ip)
      ? { value: ip }
      : { problem: 'expected a link-local multicast group such as ff02::1 or 224.0.0.18' };
  });
}

/** RFC 4291 §2.7 (scope 2) and RFC 5771 §4 (local network control block). */
function isLinkLocalGroup(ip: IpAddress): boolean {
  const [first, second, third] = ipToBytes(ip);
  if (familyOf(ip) === 'IPv6') return first === 0xff && second === 0x02;
  return first === 224 && second === 0 && third === 0;
}

/** Regular expressions separated by commas, and so without commas; the empty text is an empty list. */
export function patterns(told: Told): Setting<readonly RegExp[]> {
  return setting(told, (value) => {
    try {
      const sources = value.split(',').map((source) => source.trim());
      return {
        // Strict, since half of `{1,2}` is no expression then.
        value: sources.filter((source) => source !== '').map((source) => new RegExp(source, 'u')),
      };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { problem: `expected regular expressions separated by commas (${reason})` };
    }
  });
}

/** `true` or `false`. */
export function boolean(told: Told): Setting<boolean> {
  return setting(told, (value) =>
    value === 'true' || value === 'false'
      ? { value: value === 'true' }
      : { problem: 'expected true or false' },
  );
}

/** As Kubernetes takes `spec.loadBalancerClass`. */
const CLASS_NAME =
  /^(?:[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/;

/** A `spec.loadBalancerClass`; the empty text stands for none. */
export function loadBalancerClass(told: Told): Setting<string | undefined> {
  return setting(told, (value) => {
    if (value === '') return { value: undefined };
    return CLASS_NAME.test(value)
      ? { value }
      : { problem: 'expected nothing or a load balancer class such as example.com/metallb' };
  });
}

/** RFC 1123 §2.1, as Kubernetes has it for names of namespaces. */
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** RFC 1123 §2.1, as Kubernetes has it for names of most objects. */
const DNS_SUBDOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** At least one namespace, more behind commas, each once and in the order given. */
export function namespaces(told: Told): Setting<readonly [string, ...string[]]> {
  return setting(told, (value) => {
    const [first = '', ...others] = new Set(value.split(',').map((name) => name.trim()));
    return [first, ...others].every((name) => DNS_LABEL.test(name))
      ? { value: [first, ...others] as const }
      : { problem: 'expected namespaces separated by commas such as metallb-system' };
  });
}

/** `NAMESPACE/NAME`; the empty text stands for none. */
export function namespacedName(told: Told): Setting<NamespacedName | undefined> {
  return setting(told, (value) => {
    if (value === '') return { value: undefined };
    const [namespace = '', name = '', ...more] = value.split('/');
    return DNS_LABEL.test(namespace) && DNS_SUBDOMAIN.test(name) && more.length === 0
      ? { value: { namespace, name } }
      : { problem: 'expected nothing or NAMESPACE/NAME such as metallb-system/config' };
  });
}

/** `manifests:DIRECTORY` or `kubernetes`. */
export function storeAddress(told: Told): Setting<StoreAddress> {
  return setting(told, (value): Parsed<StoreAddress> => {
    if (value === 'kubernetes') return { value: { kind: 'kubernetes' } };
    const directory = value.startsWith('manifests:') ? value.slice('manifests:'.length) : '';
    return directory === ''
      ? { problem: 'expected manifests:DIRECTORY or kubernetes' }
      : { value: { kind: 'manifests', directory } };
  });
}

function setting<T>(told: Told, parse: (text: string) => Parsed<T>): Setting<T> {
  return { description: told.description, default: told.default, parse };
}
