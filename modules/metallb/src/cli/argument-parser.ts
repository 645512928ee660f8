import yargs, { type Argv } from 'yargs';
import { integer, socketAddress, storeAddress } from '../settings/kinds.ts';
import { NODE_SETTINGS } from '../settings/node-settings.ts';
import { UsageError } from '../settings/settings.ts';

/** Where the cluster is. */
export const STORE = storeAddress({
  description:
    'where the cluster state is: kubernetes, as kubectl finds it, or manifests:DIRECTORY',
  default: 'kubernetes',
});
/** Where `mlb doctor` finds the speaker. */
export const SPEAKER = socketAddress({
  description: 'where the speaker of this node serves /status: its --metrics-address',
  default: NODE_SETTINGS.metricsAddress.default ?? '',
});
/** Of the node program. */
export const RUN_DIR = NODE_SETTINGS.runDir;
/** Of DNS records. */
export const TTL = integer({
  description: 'seconds that resolvers may keep a record',
  default: '300',
  minimum: 0,
  maximum: 2_147_483_647,
});

/**
 * Knows the verbs and their options, and says in our words what is wrong with others.
 * @param suggest the option that a word was probably meant to be
 */
export function newParser(suggest: (name: string) => string | undefined): Argv {
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
        .options({
          'lb-class': { ...TEXT, describe: "Services of MetalLB's API, as the controller has it" },
          'metallb-namespaces': { ...TEXT, describe: "of MetalLB's API, as the controller has it" },
          'metallb-pool-policy': {
            ...TEXT,
            describe: 'Keep or Reassign, as the controller has it',
          },
        })
        .example('$0 plan -f class.yaml', 'what applying it would move')
        .example('$0 plan --delete node/n1', 'where its IPs would go')
        .epilogue('Exit code: 0 nothing that is in use moves, 2 an IP goes or changes its node.'),
    )
    .command(
      'convert [file]',
      "objects that say what MetalLB's ConfigMap said up to 0.12",
      (verb) =>
        withOutput(verb)
          .positional('file', { type: 'string', describe: 'the ConfigMap, or - (stdin)' })
          .option('only-data', { type: 'boolean', describe: 'the input is its config text alone' })
          .option('namespace', {
            ...TEXT,
            alias: 'n',
            describe: 'of the objects',
            defaultDescription: "the ConfigMap's",
          })
          .example('kubectl get cm -n metallb-system config -o yaml | $0 convert', 'for apply -f -')
          .epilogue(
            'Exit code: 0 when the objects say all of it, 2 when they say the rest of what they can not.',
          ),
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
