import * as assert from 'uvu/assert';
import { run, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import type { Frr } from '../../lab/routers/frr.ts';
import type { Measurement, Scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NODES,
  object,
  served,
} from './bgp-module.ts';
import { ROUTER, reaches, spreadsByPorts, withRouter } from './bgp-sessions.ts';

/** Connections that a dead node costs, by how the router spreads flows over the nodes that are left. */
const CONNECTIONS = 300;
/** Where the shares of all are cut anew, a sixth of all flows comes to another node beside those of the dead one. */
const MOVED = CONNECTIONS / 12;
const GONE_MS = 5_000;
const BROKEN_MS = 10_000;
const BFD_MS = 50;
const QUICK = object('BFDProfile', 'quick', {
  spec: { receiveInterval: BFD_MS, transmitInterval: BFD_MS },
});
const FAR = '10.99.0.0/24';
/** The kernel's objects for next hops: one of each node, and all of them. */
const GROUP = 2_000;
const idOf = (node: string) => GROUP + 1 + NODES.indexOf(node);

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'resilient-hashing-and-the-connections-that-a-dead-node-costs',
    async (lab) => {
      let measured: Measurement | undefined;
      const throughRouter = `${FAR} via ${ROUTER.ipv4}`;
      await batch(lab.namespace('client'), [`route add ${throughRouter}`]);
      await withRouter(lab, 'frr', everyNode({ bfdMs: BFD_MS }), async (router) => {
        const host = lab.namespace(ROUTER.host);
        await spreadsByPorts(host);
        await lab.cluster.apply(QUICK, bgpPeer({ bfdProfile: 'quick' }), advertisement());
        // Each node serves its own pod: who comes to another node comes to another pod.
        const ip = await served(lab, 'web', { externalTrafficPolicy: 'Local' });
        const prefix = `${ip}/32`;
        await reaches(lab, router, prefix, NODES);
        const lost = await lastHop(host, prefix);
        const left = NODES.filter((one) => one !== lost);
        const ordinary = await loseNode(lab, router, { ip, lost }, async () => {});
        await NODE_LOSS.repair(lab, nameOf(lab, lost));
        await reaches(lab, router, prefix, NODES, BROKEN_MS);

        // FRR makes no such groups: what it would do with them is done for it.
        const group = (nodes: readonly string[]) =>
          `id ${GROUP} group ${nodes.map(idOf).join('/')} type resilient buckets 64`;
        await batch(host, [
          ...NODES.map((node) => `nexthop add id ${idOf(node)} via ${node} dev eth0`),
          `nexthop add ${group(NODES)}`,
          `route add ${prefix} nhid ${GROUP} metric 1`,
        ]);
        const resilient = await loseNode(lab, router, { ip, lost }, async () => {
          await batch(host, [`nexthop replace ${group(left)}`]);
        });
        // Its routes go with it.
        await batch(
          host,
          [GROUP, ...NODES.map(idOf)].map((id) => `nexthop delete id ${id}`),
        );
        assert.is(resilient.broken, resilient.through, 'none but those through the node');
        const { broken, through } = ordinary;
        assert.ok(broken > through + MOVED, `${broken} broken, ${through} through the node`);
        measured = {
          ...{ unit: 'connections', samples: [broken] },
          counts: { of: CONNECTIONS, through, resilient: resilient.broken },
        };
      });
      await batch(lab.namespace('client'), [`route delete ${throughRouter}`]);
      return measured;
    },
    { isLong: true },
  ),
];

/** Of a route of the kernel's: its hops share the flows in this order. */
async function lastHop(namespace: string, prefix: string): Promise<string> {
  const show = ['ip', '-n', namespace, '-j', 'route', 'show', prefix];
  const [route]: readonly { nexthops: readonly { gateway: string }[] }[] = JSON.parse(
    await run(show),
  );
  return route?.nexthops.at(-1)?.gateway ?? '';
}

const nameOf = (lab: Lab, address: string) => lab.nodes[NODES.indexOf(address)] ?? '';

/** @returns connections of a client through a node, and those that break when it is lost */
async function loseNode(
  lab: Lab,
  router: Frr,
  { ip, lost }: { readonly ip: string; readonly lost: string },
  reroute: () => Promise<void>,
) {
  const node = nameOf(lab, lost);
  const waiting = { what: `BFD with ${node}`, deadlineMs: BROKEN_MS, everyMs: 50 };
  await until(waiting, async () => (await router.bfd(lost))?.status === 'up');
  const held = await lab.hold([ip], { connections: CONNECTIONS });
  // The pod of a node that was lost before knows others, too, that nobody has told it the end of.
  const ours = await clientPorts(lab, 'client', 'dport');
  const its = await clientPorts(lab, `pod${node.slice(1)}`, 'sport');
  const through = [...its].filter((port) => ours.has(port)).length;
  await NODE_LOSS.strike(lab, node);
  const gone = { what: `FRR without ${node}`, deadlineMs: GONE_MS, everyMs: 20 };
  await until(gone, async () => {
    return (await router.route(`${ip}/32`))?.nextHops.includes(lost) === false;
  });
  await reroute();
  let broken = 0;
  const what = () => `all of ${through} connections broken, not ${broken}`;
  await until({ what, deadlineMs: BROKEN_MS }, async () => {
    ({ broken } = await held.report());
    return broken >= through;
  });
  ({ broken } = await held.answering());
  held.stop();
  return { through, broken };
}

/** Ports of clients whose connections to a Service a host knows. @param end which one is the Service's, to the host */
async function clientPorts(lab: Lab, host: string, end: 'dport' | 'sport'): Promise<Set<string>> {
  const command = ['ss', '-Htn', 'state', 'established', end, '=', `:${POD_PORT}`];
  const text = await run(['ip', 'netns', 'exec', lab.namespace(host), ...command]);
  const column = end === 'dport' ? 2 : 3;
  const lines = text.split('\n').filter((line) => line !== '');
  return new Set(lines.map((line) => line.trim().split(/\s+/)[column]?.split(':').at(-1) ?? ''));
}
