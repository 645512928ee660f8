import { GroupDigests } from '../modules/metallb/src/duty/digest.ts';
import { DUTY_PROTOCOL_VERSION } from '../modules/metallb/src/duty/messages.ts';
import { DutyReceiver } from '../modules/metallb/src/duty/receiver.ts';
import { DutySender } from '../modules/metallb/src/duty/sender.ts';
import { type IpAddress, ipFromBigInt } from '../modules/metallb/src/net/ip.ts';
import { ClusterView } from '../modules/metallb/src/speaker/cluster-view.ts';
import { DutyBoard } from '../modules/metallb/src/speaker/duty-board.ts';
import { IpRoles } from '../modules/metallb/src/wire/ip-roles.ts';
import {
  assignedChild,
  balancerClass,
  balancerNode,
  childOf,
  classOf,
  endpointSliceOf,
  METALLB,
  nodeOf,
  publishedService,
  serviceOf,
  sliceOf,
} from '../tests/support/cluster.ts';
import { node, classOf as poolClass, service } from '../tests/support/cluster-objects.ts';
import { ControllerBench } from '../tests/support/controller-bench.ts';
import { countedCalls } from '../tests/support/counted-calls.ts';
import { ipAddressPool, l2Advertisement } from '../tests/support/metallb-objects.ts';
import { RoutesBench } from './routes-of-node.ts';

/**
 * One change among few and among many: a Service created, changed and deleted, through hooks, IPAM and statuses on the
 * store in memory; then a child and an EndpointSlice, from the speaker's view to the elections of the wire, and to the
 * UPDATE for a router. Calls of the product's functions tell the work exactly, CPU time roughly. `one-change.ts [OTHERS…]`
 */
const [small = 100, ...larger] =
  process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 1_000, 10_000];
const ROUNDS = 10;
const COUNTED_ROUNDS = 3;
const NODES = ['n1', 'n2', 'n3'];
const POOL = { addressPool: ['10.0.0.0/16'] };

type Step = () => unknown;
interface Cost {
  readonly calls: number;
  readonly cpuMs: number;
}

/** Who serves the Services: a class, with children, or MetalLB's API. */
const OWNERS = {
  service: {
    objects: [poolClass('ingress', { isDefault: true, ...POOL })],
    created: (name: string) => service(name, { count: 2 }),
    changed: (name: string) => service(name, { count: 3 }),
  },
  metallbService: {
    objects: [ipAddressPool('public', POOL.addressPool), l2Advertisement('all')],
    created: (name: string) => service(name),
    // An address that no other has: the last but the round's.
    changed: (name: string) => service(name, { ips: `10.0.255.${name.split('-').at(-1)}` }),
  },
} as const;

async function controllerSteps(
  others: number,
  owner: keyof typeof OWNERS,
): Promise<Record<string, (round: number) => Step>> {
  const { objects, created, changed } = OWNERS[owner];
  const bench = new ControllerBench([...objects, ...NODES.map((name) => node(name))]);
  for (let index = 0; index < others; index += 1) bench.store.put(service(`s${index}`));
  await bench.settle();
  const nameOf = (round: number) => `one-more-${round}`;
  return {
    [`${owner}Created`]: (round) => async () => {
      bench.store.put(created(nameOf(round)));
      await bench.settle();
    },
    [`${owner}Changed`]: (round) => async () => {
      bench.change(changed(nameOf(round)));
      await bench.settle();
    },
    [`${owner}Deleted`]: (round) => async () => {
      bench.store.remove({ kind: 'Service', namespace: 'default', name: nameOf(round) });
      await bench.settle();
    },
  };
}

/** A speaker's duties, the channel, and a wire's table with its digests and elections. */
class NodeBench {
  readonly #view = new ClusterView(METALLB);
  readonly #board = new DutyBoard('n1', this.#view, {
    onRefusal: () => undefined,
    holds: () => false,
  });
  readonly #sender = new DutySender();
  readonly #receiver = new DutyReceiver('0');
  readonly #digests = new GroupDigests(this.#receiver.table);
  readonly #roles = new IpRoles('n1', () => true, []);
  #revision = 0;

  constructor(duties: number) {
    this.#view.setClass('ingress', classOf(balancerClass('ingress', {}, POOL)));
    for (const name of NODES) this.#view.setNode(name, nodeOf(balancerNode(name)));
    for (let index = 0; index < duties; index += 1) this.setChild(index, 'n1');
    this.#sender.connected();
    this.#receiver.connected();
    this.#sender.received({ kind: 'hello', protocol: DUTY_PROTOCOL_VERSION, incarnation: '0' });
    this.pass();
  }

  setChild(index: number, preferredNode: string): void {
    const ip = ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(index));
    const child = assignedChild(`s${index}`, ip, { policy: 'Local', preferredNode });
    this.#view.setChild(`default/s${index}-0`, childOf(child));
    this.#view.setService(`default/s${index}`, serviceOf(publishedService(`s${index}`, [ip])));
  }

  setSlice(index: number, nodeName: string): void {
    const endpoints = [{ nodeName, addresses: ['10.244.0.1'], conditions: { ready: true } }];
    this.#view.setSlice(`default/s${index}-1`, endpointSliceOf(sliceOf(`s${index}`, endpoints)));
  }

  /** Everything that follows from what has changed. @returns how many IPs were elected for */
  pass(): number {
    this.#revision += 1;
    this.#sender.update(this.#board.update({ epochMs: 0, revision: this.#revision }));
    let elections = 0;
    for (const message of this.#sender.takeMessages()) {
      const received = this.#receiver.receive(message);
      if (received.kind !== 'applied') continue;
      const { ips } = received.touched;
      elections += ips.size;
      this.#digests.update(ips);
      this.#digests.digestOf('ingress');
      this.#elect(ips);
    }
    return elections;
  }

  #elect(ips: Iterable<IpAddress>): void {
    const seen = {
      present: true,
      state: 'eligible',
      failedGates: { dataplane: false, reachability: false },
    } as const;
    const elect = this.#roles.elections({
      table: this.#receiver.table,
      view: { isInSubnetOf: () => true, electsStatically: () => false, node: () => seen },
      state: 'eligible',
      isRestarting: () => false,
      isHearsay: () => false,
      latecomers: () => undefined,
    });
    for (const ip of ips) elect(ip);
  }
}

function nodeSteps(duties: number): Record<string, (round: number) => Step> {
  const bench = new NodeBench(duties);
  const passOne = () => {
    const elections = bench.pass();
    if (elections !== 1) throw new Error(`one change led to ${elections} elections`);
  };
  return {
    childChanged: (round) => () => {
      bench.setChild(round, 'n2');
      passOne();
    },
    sliceChanged: (round) => () => {
      bench.setSlice(round, 'n1');
      passOne();
    },
  };
}

function routeSteps(services: number): Record<string, (round: number) => Step> {
  const bench = new RoutesBench(services);
  const told = (round: number, areThere: boolean) => () => {
    bench.setEndpoints(round, areThere);
    const updates = bench.pass();
    if (updates !== 1) throw new Error(`one change led to ${updates} UPDATEs`);
  };
  return {
    routeWithdrawn: (round) => told(round % services, false),
    routeAnnounced: (round) => told(round % services, true),
  };
}

/** As what else the process does only adds to it. */
async function leastCpuMs(step: (round: number) => Step): Promise<number> {
  const cpuMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    await step(round)();
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1_000);
  }
  return Math.min(...cpuMs);
}

async function costsAmong(others: number): Promise<Map<string, Cost>> {
  const steps = Object.entries({
    ...(await controllerSteps(others, 'service')),
    ...(await controllerSteps(others, 'metallbService')),
    ...nodeSteps(others),
    ...routeSteps(Math.max(others, ROUNDS + COUNTED_ROUNDS)),
  });
  const cpuMs: number[] = [];
  for (const [, step] of steps) cpuMs.push(await leastCpuMs(step));
  const calls = await countedCalls(
    steps.flatMap(([, step]) => {
      return Array.from({ length: COUNTED_ROUNDS }, (_, index) => () => step(ROUNDS + index)());
    }),
  );
  return new Map(
    steps.map(([name], index) => {
      const counted = calls.slice(index * COUNTED_ROUNDS, (index + 1) * COUNTED_ROUNDS);
      // V8's collector may lose some counts.
      return [name, { calls: Math.max(...counted), cpuMs: cpuMs[index] ?? 0 }];
    }),
  );
}

// Once before it counts, so that both are compared with warm code.
await costsAmong(small);
const base = await costsAmong(small);
for (const others of larger) {
  for (const [change, { calls, cpuMs }] of await costsAmong(others)) {
    const few = base.get(change) ?? { calls: 0, cpuMs: 0 };
    const figures = {
      bench: 'one-change',
      change,
      among: others,
      calls,
      callsAmongFew: few.calls,
      callsRatio: Number((calls / few.calls).toFixed(2)),
      cpuMs: Number(cpuMs.toFixed(2)),
      cpuRatio: Number((cpuMs / few.cpuMs).toFixed(2)),
      few: small,
    };
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
}
