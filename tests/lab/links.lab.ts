import * as assert from 'uvu/assert';
import { delay, run, until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { assignedIps, assignments } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch, portName } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { ipv4On, ipv6On, macOn, numberOf, SECOND_POOL } from '../../lab/plan.ts';
import type { Prober } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { type IpOutcome, observe } from '../../lab/trial.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

const NODE = 'n1';
const FAMILIES = ['IPv4', 'IPv6'] as const;
const OTHER_MAC = '02:00:00:00:0a:77';
const THIRD_MAC = '02:00:00:00:0a:78';
/** A takeover, or a return after the lab's hold-down, on a machine that is busy. */
const WITHIN_MS = 8_000;
/** Questions are asked every few milliseconds. */
const LOOK_MS = 500;

/** Nothing in them has to do with where the state is. */
const SECOND = { lab: { secondSegment: true }, stores: ['manifests'] } as const;
/** Losing an interface costs the wire its process: another must be there before the peers miss it. */
const TIMED = { ...SECOND, timed: 'in-part' } as const;

export const scenarios: readonly Scenario[] = [
  scenario('hard/interface-that-is-removed-and-made-again', TIMED, async (lab, alone) => {
    await freshServices(lab);
    const outcomes = await alone(() => whileItGoes(lab));
    // Another interface of the node is none of its business.
    for (const one of outcomes) {
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    }
    return undefined;
  }),

  scenario('hard/interface-that-changes-its-mac', SECOND, async (lab) => {
    await withSecond(lab, async (prober, ips) => {
      await inNode(lab, `link set eth1 address ${THIRD_MAC}`);
      await served(prober, ips, THIRD_MAC);
    });
    return undefined;
  }),

  scenario('hard/interface-that-is-renamed', SECOND, async (lab) => {
    await withSecond(lab, async (prober, ips, mac) => {
      await inNode(lab, 'link set eth1 down', 'link set eth1 name eth7', 'link set eth7 up');
      await servedByOthers(lab, prober, ips);
      await inNode(lab, 'link set eth7 down', 'link set eth7 name eth1', 'link set eth1 up');
      await served(prober, ips, mac);
    });
    return undefined;
  }),

  scenario('hard/interface-that-is-renamed-while-it-is-up', SECOND, async (lab) => {
    await withSecond(lab, async (prober, ips, mac) => {
      // The next one has its captures before it starts what watches links, which must not hold them, too.
      killPart(lab, NODE, 'wire.mjs');
      await served(prober, ips, mac);
      const wire = lab.program(NODE).pidOf('wire.mjs');
      await inNode(lab, 'link set eth1 name eth7');
      await servedByOthers(lab, prober, ips);
      await nodeTells(lab, NODE, 'InterfaceMissing', { message: /^eth1: / });
      const unread = { what: 'no capture of what is not served', deadlineMs: WITHIN_MS };
      await until(unread, async () => (await capturesOn(lab, 'eth7')) === 0);
      await applySecond(lab, ['eth1', 'eth7']);
      await served(prober, ips, mac);
      assert.equal(await capturesOn(lab, 'eth7'), 1, 'captures of eth7');
      assert.is(lab.program(NODE).pidOf('wire.mjs'), wire, 'the same process all along');
    });
    return undefined;
  }),

  scenario('hard/two-interfaces-on-one-segment', { stores: ['manifests'] }, async (lab) => {
    const everywhere = FAMILIES.map((family) => ({ family, ip: outside(family) }));
    try {
      await addCable(lab, 'public', 'wan0', OTHER_MAC);
      for (const { family, ip } of everywhere) {
        const name = `all-${family.toLowerCase()}`;
        await lab.cluster.apply(
          classManifest({ name, addressPool: [ip], interfaces: [], nodeSelector: ON_NODE }),
          serviceManifest({ name, className: name, family, count: 1 }),
          endpointSliceManifest({ name, family }, [{ pod: 'backend', node: 'worker' }]),
        );
        await served(lab.prober, [ip], lab.macOf(NODE));
      }
      const [{ ip: first } = { ip: '' }] = everywhere;
      const watch = await lab.prober.watch(everywhere.map(({ ip }) => ip));
      await until({ what: 'wan0 open', deadlineMs: WITHIN_MS }, async () => {
        return (await segmentsOf(lab)).includes('wan0');
      });
      await delay(LOOK_MS);
      const answers = await watch.stop();
      for (const { ip } of everywhere) assert.equal(answers.macsInOrder(ip), [lab.macOf(NODE)]);
      const name = 'all-ipv4';
      await lab.cluster.apply(
        classManifest({ name, addressPool: [first], interfaces: ['wan0'], nodeSelector: ON_NODE }),
      );
      const told = await nodeTells(lab, NODE, 'SegmentShared');
      assert.match(told, `wan0: on the same segment as eth0`);
      assert.match(told, `MetalLoadBalancerClass ${name}: name eth0`);
      const heard = await lab.cluster.read({ kind: 'Node', name: NODE });
      assert.not.match(JSON.stringify(heard?.status), "don't hear this node");
    } finally {
      await takeCable(lab, 'wan0');
    }
    return undefined;
  }),
];

const ON_NODE = { 'kubernetes.io/hostname': NODE };

function outside(family: 'IPv4' | 'IPv6'): string {
  return family === 'IPv4' ? '192.0.2.120' : '2001:db8:2::120';
}

/** Classes on the second segment alone. @returns IPs that the node is preferred for, one of each family */
async function applySecond(lab: Lab, interfaces = ['eth1']): Promise<string[]> {
  const names = FAMILIES.map((family) => `second-${family.toLowerCase()}`);
  for (const [index, family] of FAMILIES.entries()) {
    const name = names[index] ?? '';
    await lab.cluster.apply(
      classManifest({ name, addressPool: [SECOND_POOL[family].range], interfaces }),
      serviceManifest({ name, className: name, family }),
      endpointSliceManifest({ name, family }, [{ pod: 'backend', node: 'worker' }]),
    );
    await assignedIps(lab, name, 3);
  }
  return (await assignments(lab))
    .filter(({ service, preferredNode }) => names.includes(service) && preferredNode === NODE)
    .map(({ ip }) => ip);
}

/** An interface goes and comes again. @returns what became of the IPs on another one meanwhile */
async function whileItGoes(lab: Lab): Promise<readonly IpOutcome[]> {
  const observation = await observe(lab);
  await withSecond(lab, async (prober, ips) => {
    await inNode(lab, 'link delete eth1');
    await servedByOthers(lab, prober, ips);
    await nodeTells(lab, NODE, 'InterfaceMissing', { message: /^eth1: / });
    // As another network card, and without any address.
    await plugIn(lab, OTHER_MAC);
    await served(prober, ips, OTHER_MAC);
    await nodeTells(lab, NODE, 'InterfaceMissing', { status: 'False' });
    const watch = await prober.watch(ips);
    await inNode(lab, 'address add 10.10.0.77/24 dev eth1');
    await inNode(lab, 'address add 10.10.0.78/24 dev eth1');
    await inNode(lab, 'address delete 10.10.0.77/24 dev eth1');
    const answers = await watch.stop();
    for (const ip of ips) assert.equal(answers.macsInOrder(ip), [OTHER_MAC], `${ip} stays`);
  });
  return (await observation.end()).outcomes;
}

/** IPs of the node on its second interface, which is as it was afterwards. */
async function withSecond(
  lab: Lab,
  play: (prober: Prober, ips: readonly string[], mac: string) => Promise<void>,
): Promise<void> {
  const prober = await lab.secondProber();
  const number = numberOf(NODE);
  const mac = macOn('second', number);
  const ips = await applySecond(lab);
  await served(prober, ips, mac);
  try {
    await play(prober, ips, mac);
  } finally {
    await takeCable(lab, 'eth1');
    await plugIn(lab, mac);
    await inNode(
      lab,
      `address add ${ipv4On('second', number)}/24 dev eth1`,
      `address add ${ipv6On('second', number)}/64 dev eth1 nodad`,
    );
  }
}

async function served(prober: Prober, ips: readonly string[], mac: string): Promise<void> {
  for (const ip of ips) {
    let macs: string[] = [];
    const what = () => `${ip} answered by ${mac} alone, is by ${macs.join(' ') || 'nobody'}`;
    await until({ what, deadlineMs: WITHIN_MS }, async () => {
      macs = await prober.macsOf(ip);
      return macs.join() === mac;
    });
  }
}

async function servedByOthers(lab: Lab, prober: Prober, ips: readonly string[]): Promise<void> {
  const others = lab.nodes.filter((node) => node !== NODE);
  const macs = others.map((node) => macOn('second', numberOf(node)));
  for (const ip of ips) {
    await until({ what: `${ip} answered by another node`, deadlineMs: 2_000 }, async () => {
      const [mac = '', ...more] = await prober.macsOf(ip);
      return macs.includes(mac) && more.length === 0;
    });
  }
}

function inNode(lab: Lab, ...commands: readonly string[]): Promise<string> {
  return batch(lab.namespace(NODE), commands);
}

function plugIn(lab: Lab, mac: string): Promise<void> {
  return addCable(lab, 'second', 'eth1', mac);
}

/** From the node to the switch; without addresses. */
async function addCable(lab: Lab, bridge: string, name: string, mac: string): Promise<void> {
  const port = portName(NODE, name);
  await batch(lab.namespace('sw'), [
    `link add ${port} type veth peer name ${name} address ${mac} netns ${lab.namespace(NODE)}`,
    `link set ${port} addrgenmode none`,
    `link set ${port} master ${bridge}`,
    `link set ${port} up`,
  ]);
  await inNode(lab, `link set ${name} up`);
}

/** Whatever the node calls its end now. A scenario that failed may have left none: what it said is what matters. */
async function takeCable(lab: Lab, name: string): Promise<void> {
  await batch(lab.namespace('sw'), [`link delete ${portName(NODE, name)}`]).catch(() => undefined);
}

/** Packet sockets of the node on an interface. */
async function capturesOn(lab: Lab, name: string): Promise<number> {
  const sockets = await run(['ip', 'netns', 'exec', lab.namespace(NODE), 'ss', '-0nH']);
  return sockets.split('\n').filter((line) => line.includes(`:${name} `)).length;
}

async function segmentsOf(lab: Lab): Promise<string[]> {
  const page = await fetchPage(lab.namespace(NODE), 'http://127.0.0.1:7474/status');
  return Object.keys(JSON.parse(page.body).segments);
}
