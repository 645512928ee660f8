import yargs, { type Argv } from 'yargs';
import { integer, type StoreAddress, socketAddress, storeAddress } from '../settings/kinds.ts';
import { nearestWord, suggestion } from '../settings/nearest-word.ts';
import { NODE_SETTINGS } from '../settings/node-settings.ts';
import { type Setting, UsageError } from '../settings/settings.ts';
import type { DoctorWish } from './doctor.ts';
import { type LoopGuardWish, loopGuardWish } from './loop-guard.ts';
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
  ],
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
  'doctor',
  'loop-guard',
  'purge',
  'decode',
  'demo',
] as const satisfies (keyof typeof OPTIONS)[];
const HELP = ['--help', '-h', 'help'];
const STORE = storeAddress({
  description:
    'where the cluster state is: kubernetes, as kubectl finds it, or manifests:DIRECTORY',
  default: 'kubernetes',
});
const SPEAKER = socketAddress({
  description: 'where the speaker of this node serves /status: its --metrics-address',
  default: NODE_SETTINGS.metricsAddress.default ?? '',
});
const RUN_DIR = NODE_SETTINGS.runDir;
const TTL = integer({
  description: 'seconds that resolvers may keep a record',
  default: '300',
  minimum: 0,
  maximum: 2_147_483_647,
});
/** RFC 1035 §2.3.1 and §2.3.4, with the wildcard and underscores that zones use, or the zone's own name `@`. */
const DNS_NAME =
  /^(?=.{1,254}$)(?:@|(?:\*|[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?)*\.?)$/i;

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

function read<T>(flag: string, setting: Setting<T>, given: string | undefined): T {
  const text = given ?? setting.default ?? '';
  const parsed = setting.parse(text);
  if ('value' in parsed) return parsed.value;
  throw new UsageError(`${flag}: ${parsed.problem}, not ${JSON.stringify(text)}`);
}

/** @param suggest the option that a word was probably meant to be */
function newParser(suggest: (name: string) => string | undefined): Argv {
  return yargs()
    .scriptName('mlb')
    .locale('en')
    .usage('$0 VERB: what the load balancer does, and why')
    .command('status [subject]', 'classes, Services, their IPs and who answers for them', (verb) =>
      withStore(verb)
        .positional('subject', { type: 'string', describe: 'a Service, NAMESPACE/NAME, or an IP' })
        .example('$0 status --store manifests:/etc/metallb nginx', 'who answers for nginx'),
    )
    .command('dns <service>', 'A and AAAA records of a Service, to copy into a zone', (verb) =>
      withStore(verb)
        .positional('service', { type: 'string', describe: 'a Service, or NAMESPACE/NAME' })
        .option('name', { ...TEXT, describe: "name of the records; default: the Service's" })
        .option('ttl', {
          ...TEXT,
          describe: TTL.description,
          defaultDescription: TTL.default ?? '',
        }),
    )
    .command('plan', 'what a change would move; writes nothing', (verb) =>
      withStore(verb)
        .option('from', { ...TEXT, describe: 'instead of a store: what kubectl get -o yaml wrote' })
        .option('file', { ...TEXT, alias: 'f', describe: 'manifests to apply, or - (stdin)' })
        .option('delete', { ...TEXT, describe: 'KIND/NAME or KIND/NAMESPACE/NAME' })
        .option('exclude-node', { ...TEXT, describe: 'a node that gets the exclude label' })
        .option('drain-node', { ...TEXT, describe: 'a node that gets the drain annotation' })
        .option('fail-node', { ...TEXT, describe: 'a node that fails' })
        .example('$0 plan -f class.yaml', 'what applying it would move')
        .example('$0 plan --delete node/n1', 'where its IPs would go')
        .epilogue('Exit code: 0 nothing that is in use moves, 2 an IP goes or changes its node.'),
    )
    .command('doctor', 'what is wrong with this node, or with the cluster', (verb) =>
      withStore(verb, 'none: this node')
        .option('speaker', {
          ...TEXT,
          describe: SPEAKER.description,
          defaultDescription: SPEAKER.default ?? '',
        })
        .option('kube-proxy-metrics-url', {
          ...TEXT,
          requiresArg: false,
          describe: NODE_SETTINGS.kubeProxyMetricsUrl.description,
          defaultDescription: NODE_SETTINGS.kubeProxyMetricsUrl.default ?? '',
        })
        .epilogue('Exit code: 0 when nothing is wrong, 1 when something is.'),
    )
    .command(
      'loop-guard [action]',
      'rules against packets that go round; needs NET_ADMIN',
      (verb) =>
        verb
          .positional('action', { type: 'string', describe: 'install, keep, remove or show' })
          .option('interface', { ...TEXT, describe: 'where the pools are announced; repeatable' })
          .option('pool', { ...TEXT, describe: 'a CIDR or a range FIRST-LAST; repeatable' })
          .option('run-dir', {
            ...TEXT,
            describe: "keep: the node program's --run-dir, where its speaker tells what it serves",
            defaultDescription: RUN_DIR.default ?? '',
          })
          .example('$0 loop-guard install --interface eth0 --pool 192.0.2.0/24', 'all but served')
          .example('$0 loop-guard keep', 'what the speaker serves, until it is interrupted'),
    )
    .command('purge', 'what the module wrote into objects that outlive it', (verb) =>
      withStore(verb)
        .option('yes', { type: 'boolean', describe: 'remove it; without, it is only shown' })
        .option('force', { type: 'boolean', describe: 'also while a controller leads' })
        .example('$0 purge', 'what would be removed after an uninstallation')
        .epilogue(
          'Exit code: 0 when nothing is left or would be, 1 when a finalizer holds a child.',
        ),
    )
    .command('decode [frame..]', 'what a captured Ethernet frame says', (verb) =>
      withOutput(verb)
        .positional('frame', {
          type: 'string',
          describe: 'hexadecimal digits, a file, or - (stdin)',
        })
        .option('heartbeat-key-file', { ...TEXT, describe: 'keys to check heartbeats with' })
        .example('tcpdump -i eth0 -xx -c 1 arp | $0 decode', 'what is on the wire now'),
    )
    .command('demo', 'three nodes, three public IPs, and a node that dies', (verb) => verb)
    .epilogue('NO_COLOR=1 turns colours off; they are off in files and pipes.')
    .wrap(100)
    .version(false)
    .help()
    .alias('help', 'h')
    .strict()
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .fail((message) => {
      throw new UsageError(sentenceOf(message, suggest));
    });
}

const TEXT = { type: 'string', requiresArg: true } as const;

function withStore(verb: Argv, defaultDescription = STORE.default ?? ''): Argv {
  const describe = `${STORE.description} (METALLB_STORE)`;
  return withOutput(verb).option('store', { ...TEXT, describe, defaultDescription });
}

function withOutput(verb: Argv): Argv {
  return verb.option('output', {
    ...TEXT,
    alias: 'o',
    choices: ['text', 'json'],
    describe: 'how to answer',
    defaultDescription: 'text',
  });
}

/** What yargs says, in our words. */
function sentenceOf(message: string, suggest: (name: string) => string | undefined): string {
  return message
    .replace(/^Not enough arguments following: (.+)$/, '--$1 needs a value')
    .replace(/^Not enough non-option arguments.*$/s, 'a Service is missing: mlb dns SERVICE')
    .replace(/^Unknown (?:arguments?|commands?): (.+)$/, (_, names: string) => {
      const option = suggest(names);
      const hint =
        option === undefined ? 'mlb VERB --help lists what there is' : `did you mean --${option}?`;
      return `unknown argument ${names}; ${hint}`;
    })
    .replace(
      /^Invalid values:\s+Argument: output, Given: (.+?), Choices.*$/s,
      '--output: expected text or json, not $1',
    );
}
