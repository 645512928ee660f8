import type { StoreAddress } from '../settings/kinds.ts';
import { METALLB_SETTINGS } from '../settings/metallb-settings.ts';
import { nearestWord, suggestion } from '../settings/nearest-word.ts';
import { NODE_SETTINGS } from '../settings/node-settings.ts';
import { type Setting, UsageError } from '../settings/settings.ts';
import { newParser, RUN_DIR, SPEAKER, STORE, TTL } from './argument-parser.ts';
import type { DoctorWish } from './doctor.ts';
import { type LoopGuardWish, loopGuardWish } from './loop-guard.ts';
import type { MetallbPlanOptions } from './plan-state.ts';
import type { PurgeWish } from './purge.ts';

type OutputForm = 'text' | 'json';

/** What `mlb` was asked to do. */
export type Command =
  | { readonly verb: 'help'; readonly text: string }
  | { readonly verb: 'demo' }
  | {
      readonly verb: 'status';
      readonly store: StoreAddress;
      readonly output: OutputForm;
      readonly subject: string | undefined;
    }
  | {
      readonly verb: 'dns';
      readonly store: StoreAddress;
      readonly output: OutputForm;
      readonly service: string;
      readonly name: string | undefined;
      readonly ttlSeconds: number;
    }
  | {
      readonly verb: 'plan';
      readonly output: OutputForm;
      readonly source: PlanSource;
      /** Manifests to apply: files, directories, or `-` for the standard input. */
      readonly files: readonly string[];
      readonly deleted: readonly string[];
      readonly excluded: readonly string[];
      readonly drained: readonly string[];
      readonly failed: readonly string[];
      readonly metallb: MetallbPlanOptions;
    }
  | {
      readonly verb: 'convert';
      readonly output: OutputForm;
      /** A file, or `-` for the standard input. */
      readonly input: string;
      /** The input is the text under `config` of a ConfigMap. */
      readonly onlyData: boolean;
      /** Of the objects; that of the ConfigMap when absent. */
      readonly namespace: string | undefined;
    }
  | ({ readonly verb: 'doctor'; readonly output: OutputForm } & DoctorWish)
  | ({ readonly verb: 'loop-guard' } & LoopGuardWish)
  | ({ readonly verb: 'purge'; readonly output: OutputForm } & PurgeWish)
  | {
      readonly verb: 'decode';
      readonly output: OutputForm;
      /** Hexadecimal digits, a file, or `-` for the standard input. */
      readonly input: string;
      readonly heartbeatKeyFile: string | undefined;
    };

/** Where the cluster is that a plan is made for: a store, or a file or directory that `kubectl get` wrote. */
export type PlanSource =
  | { readonly kind: 'store'; readonly store: StoreAddress }
  | { readonly kind: 'dump'; readonly path: string };

/** The verbs and their options, for whoever mistypes one. */
const OPTIONS = {
  status: ['store', 'output'],
  dns: ['store', 'output', 'name', 'ttl'],
  plan: [
    ...['store', 'output', 'from', 'file', 'delete'],
    ...['exclude-node', 'drain-node', 'fail-node'],
    ...['lb-class', 'metallb-namespaces', 'metallb-pool-policy'],
  ],
  convert: ['output', 'only-data', 'namespace'],
  doctor: ['store', 'output', 'speaker', 'kube-proxy-metrics-url'],
  'loop-guard': ['interface', 'pool', 'run-dir'],
  purge: ['store', 'output', 'yes', 'force'],
  decode: ['output', 'heartbeat-key-file'],
  demo: [],
} as const;
const VERBS = [
  'status',
  'dns',
  'plan',
  'convert',
  'doctor',
  'loop-guard',
  'purge',
  'decode',
  'demo',
] as const satisfies (keyof typeof OPTIONS)[];
const HELP = ['--help', '-h', 'help'];
/** RFC 1035 §2.3.1 and §2.3.4, with the wildcard and underscores that zones use, or the zone's own name `@`. */
const DNS_NAME =
  /^(?=.{1,254}$)(?:@|(?:\*|[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*\.?)$/i;

/** RFC 1123 label, as the API server has it. */
const NAMESPACE_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** Reads the arguments of `mlb`. @throws UsageError with a sentence that suggests the next step */
export function readCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command {
  const [word = '--help'] = argv;
  const verb = VERBS.find((candidate) => candidate === word);
  if (verb === undefined && !HELP.includes(word)) {
    const hint = suggestion(word, VERBS) || '; mlb --help lists them';
    const fault = word.startsWith('-') ? 'the verb comes first' : `there is no verb ${word}`;
    throw new UsageError(`${fault}${hint}`);
  }
  let help = '';
  const suggest = (name: string) => {
    if (verb === undefined || !argv.some((arg) => arg.startsWith(`--${name}`))) return undefined;
    return nearestWord(name, OPTIONS[verb]);
  };
  const parsed: Readonly<Record<string, unknown>> = newParser(suggest).parseSync(
    verb === undefined ? ['--help'] : [...argv],
    {},
    (_, __, text) => {
      help = text;
    },
  );
  if (help !== '' || verb === undefined) return { verb: 'help', text: help };
  return commandOf(verb, parsed, env);
}

function commandOf(
  verb: (typeof VERBS)[number],
  parsed: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Command {
  const given = (name: string) => {
    const value = parsed[name];
    if (Array.isArray(value)) throw new UsageError(`--${name} is given more than once`);
    return typeof value === 'string' ? value : undefined;
  };
  const all = (name: string) => [parsed[name] ?? []].flat().map(String);
  const output = given('output') === 'json' ? 'json' : 'text';
  const store = () => read('--store', STORE, given('store') ?? env['METALLB_STORE']);
  switch (verb) {
    case 'demo':
      return { verb };
    case 'status':
      return { verb, output, store: store(), subject: given('subject') };
    case 'dns': {
      const ttlSeconds = read('--ttl', TTL, given('ttl'));
      return {
        verb,
        output,
        store: store(),
        service: given('service') ?? '',
        name: dnsName(given('name')),
        ttlSeconds,
      };
    }
    case 'plan':
      return {
        verb,
        output,
        source: planSource(given('from'), given('store'), store),
        files: all('file'),
        deleted: all('delete'),
        excluded: all('exclude-node'),
        drained: all('drain-node'),
        failed: all('fail-node'),
        metallb: metallbOptions(given, env),
      };
    case 'convert':
      return {
        ...{ verb, output },
        input: given('file') ?? '-',
        onlyData: parsed['only-data'] === true,
        namespace: namespaceName(given('namespace')),
      };
    case 'doctor':
      return {
        ...{ verb, output },
        store: (given('store') ?? env['METALLB_STORE']) ? store() : undefined,
        speaker: read('--speaker', SPEAKER, given('speaker')),
        kubeProxyMetricsUrl: read(
          '--kube-proxy-metrics-url',
          NODE_SETTINGS.kubeProxyMetricsUrl,
          given('kube-proxy-metrics-url') ?? env['METALLB_KUBE_PROXY_METRICS_URL'],
        ),
      };
    case 'loop-guard':
      return {
        verb,
        ...loopGuardWish(given('action'), all('interface'), all('pool'), () =>
          read('--run-dir', RUN_DIR, given('run-dir') ?? env['METALLB_RUN_DIR']),
        ),
      };
    case 'purge': {
      const where = store();
      if (where.kind !== 'kubernetes') {
        throw new UsageError(
          `--store: expected kubernetes, not manifests:${where.directory}: remove the directory itself`,
        );
      }
      return { verb, output, yes: parsed['yes'] === true, force: parsed['force'] === true };
    }
    case 'decode': {
      const words = Array.isArray(parsed['frame']) ? parsed['frame'] : [];
      return {
        verb,
        output,
        input: words.join(' ') || '-',
        heartbeatKeyFile: given('heartbeat-key-file'),
      };
    }
  }
}

/** As the programs have them. */
function metallbOptions(
  given: (name: string) => string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): MetallbPlanOptions {
  const { lbClass, metallbNamespaces, metallbPoolPolicy } = METALLB_SETTINGS;
  const written = (flag: string) =>
    given(flag) ?? env[`METALLB_${flag.toUpperCase().replaceAll('-', '_')}`];
  return {
    lbClass: read('--lb-class', lbClass, written('lb-class')),
    metallbNamespaces: read(
      '--metallb-namespaces',
      metallbNamespaces,
      written('metallb-namespaces'),
    ),
    metallbPoolPolicy: read(
      '--metallb-pool-policy',
      metallbPoolPolicy,
      written('metallb-pool-policy'),
    ),
  };
}

function planSource(
  path: string | undefined,
  given: string | undefined,
  store: () => StoreAddress,
): PlanSource {
  if (path === undefined) return { kind: 'store', store: store() };
  if (given === undefined) return { kind: 'dump', path };
  throw new UsageError('--from and --store: expected one of them, the cluster is in one place');
}

function dnsName(name: string | undefined): string | undefined {
  if (name === undefined || DNS_NAME.test(name)) return name;
  throw new UsageError(
    `--name: expected a domain name such as app.example.com, not ${JSON.stringify(name)}`,
  );
}

function namespaceName(name: string | undefined): string | undefined {
  if (name === undefined || NAMESPACE_NAME.test(name)) return name;
  throw new UsageError(`--namespace: expected the name of one, not ${JSON.stringify(name)}`);
}

function read<T>(flag: string, setting: Setting<T>, given: string | undefined): T {
  const text = given ?? setting.default ?? '';
  const parsed = setting.parse(text);
  if ('value' in parsed) return parsed.value;
  throw new UsageError(`${flag}: ${parsed.problem}, not ${JSON.stringify(text)}`);
}
