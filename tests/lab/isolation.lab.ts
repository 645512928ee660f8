import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { delay, run } from '../../lab/exec.ts';
import { CABLE_OUT, KILL_NODE, STOP_WIRE } from '../../lab/faults.ts';
import { type Assignment, assignedIps, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { observe, playFault } from '../../lab/trial.ts';
import { endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

/** Networks that lie, filter or fall silent on one side (network rules 1–3). */
/** Programs start slowly where others start beside them. */
const START_MS = 5_000;
const LOOK_MS = 3_000;
/** Silence for this long is absence, where the API knows no better. */
const ABSENT_AFTER_MS = 10_000;
const HEARTBEAT_GROUP_MAC = '33:33:00:00:00:01';
const SUPPRESSED_TAKEOVER_MS = 2_000;
const DARK_AT_MOST_MS = 500;

export const scenarios: readonly Scenario[] = [
  scenario('isolation/deaf-node-takes-nothing', {}, async (lab) => {
    await freshServices(lab);
    const observation = await observe(lab);
    const capture = await startCapture({
      namespace: lab.namespace('router'),
      interfaceName: 'eth0',
      file: join(lab.directory, 'deaf.pcap'),
    });
    await lab.switch.drop('oifname "n1.eth0"');
    await nodeTells(lab, 'n1', 'Deaf');
    await delay(LOOK_MS);
    const claims = await capture.stop();
    const { outcomes } = await observation.end();
    const others = outcomes.filter((one) => one.preferredNode !== 'n1');
    for (const one of others) {
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
      const stolen = claims.filter((claim) => claim.ip === one.ip && claim.mac === lab.macOf('n1'));
      assert.equal(stolen, [], 'claims of the deaf node');
    }
    return undefined;
  }),

  scenario('isolation/filtered-heartbeats-move-nothing', {}, async (lab) => {
    await freshServices(lab);
    const observation = await observe(lab);
    await lab.switch.drop(`iifname "n1.eth0" ether daddr ${HEARTBEAT_GROUP_MAC} udp dport 1-65535`);
    await nodeTells(lab, 'n2', 'HeartbeatsLost');
    await delay(LOOK_MS);
    const { outcomes } = await observation.end();
    for (const one of outcomes) {
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
    }
    return undefined;
  }),

  scenario('isolation/switch-that-answers-for-the-dead', {}, async (lab) => {
    const all = await freshServices(lab);
    await answerFromTheSwitch(lab, all);
    const observation = await observe(lab);
    await STOP_WIRE.strike(lab, 'n1');
    await observation.movedFrom(lab, 'n1', SUPPRESSED_TAKEOVER_MS);
    await observation.end();
    for (const { ip } of all.filter((one) => one.preferredNode === 'n1')) {
      const macs = await lab.prober.macsOf(ip);
      assert.ok(macs.includes(lab.macOf('n1')), `the switch still answers for ${ip}: ${macs}`);
      assert.is(macs.length, 2, `and so does another node: ${macs}`);
    }
    await lab.switch.heal();
    return undefined;
  }),

  scenario('isolation/cold-start-without-ipv6', {}, async (lab) => {
    await lab.switch.drop('ether type ip6');
    await restartAll(lab);
    const [v4] = STANDARD_SERVICES;
    await lab.cluster.apply(
      serviceManifest(v4),
      endpointSliceManifest(v4, [{ pod: 'backend', node: 'worker' }]),
    );
    await oneAnswerEach(lab, await assignedIps(lab, v4.name, 3));
    return undefined;
  }),

  // Private VLANs: the nodes reach the hosts of the segment, and never each other.
  scenario('isolation/cold-start-with-isolated-ports', { isLong: true }, async (lab) => {
    for (const node of lab.nodes) await lab.switch.setPort(node, 'eth0', 'isolated on');
    await restartAll(lab);
    const ips: string[] = [];
    for (const service of STANDARD_SERVICES) {
      await lab.cluster.apply(
        serviceManifest(service),
        endpointSliceManifest(service, [{ pod: 'backend', node: 'worker' }]),
      );
      ips.push(...(await assignedIps(lab, service.name, 3)));
    }
    for (const node of lab.nodes) await nodeTells(lab, node, 'NoPeersHeard');
    await oneAnswerEach(lab, ips, ABSENT_AFTER_MS + LOOK_MS);
    return undefined;
  }),

  scenario(
    'isolation/heartbeats-over-ipv4',
    { timed: 'in-part', lab: { nodeFlags: ['--heartbeat-group=224.0.0.25'] } },
    async (lab, alone) => {
      await lab.switch.drop('ether type ip6');
      await restartAll(lab);
      const [v4] = STANDARD_SERVICES;
      await lab.cluster.apply(
        serviceManifest(v4),
        endpointSliceManifest(v4, [{ pod: 'backend', node: 'worker' }]),
      );
      await assignedIps(lab, v4.name, 3);
      await settled(lab);
      // Nodes that don't hear each other would ask for ten seconds first.
      const outcomes = await alone(() => playFault(lab, CABLE_OUT, 'n1'));
      const moved = outcomes.filter((one) => one.preferredNode === 'n1');
      assert.is(moved.length, 1);
      for (const one of moved) assert.ok(one.darkMs < DARK_AT_MOST_MS, `${one.darkMs} ms dark`);
      for (const one of outcomes.filter((other) => !moved.includes(other))) {
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
      }
      await CABLE_OUT.repair(lab, 'n1');
      return { unit: 'ms', samples: moved.map((one) => one.darkMs) };
    },
  ),
];

/** A fabric with ARP suppression: the switch itself answers with the node's MAC and floods nothing to it. */
async function answerFromTheSwitch(lab: Lab, all: readonly Assignment[]): Promise<void> {
  await lab.switch.setPort('n1', 'eth0', 'neigh_suppress on');
  const inSwitch = ['ip', 'netns', 'exec', lab.namespace('sw')];
  const mac = lab.macOf('n1');
  for (const { ip } of all.filter((one) => one.preferredNode === 'n1')) {
    const entry = [ip, 'lladdr', mac, 'dev', 'public', 'nud', 'permanent'];
    await run([...inSwitch, 'ip', 'neigh', 'replace', ...entry]);
  }
  const forwarding = ['replace', mac, 'dev', 'n1.eth0', 'master', 'static'];
  await run([...inSwitch, 'bridge', 'fdb', ...forwarding]);
}

async function restartAll(lab: Lab): Promise<void> {
  for (const node of lab.nodes) await KILL_NODE.strike(lab, node);
  for (const node of lab.nodes) await KILL_NODE.repair(lab, node);
}

/** From first to last look, never two nodes answer for one IP, and in the end one does. */
async function oneAnswerEach(lab: Lab, ips: readonly string[], lookMs = LOOK_MS): Promise<void> {
  const deadline = performance.now() + lookMs;
  let last: string[][] = [];
  const isDone = () => last.every((macs) => macs.length === 1);
  while (performance.now() < deadline || (!isDone() && performance.now() < deadline + START_MS)) {
    last = await Promise.all(ips.map((ip) => lab.prober.macsOf(ip)));
    for (const macs of last) assert.ok(macs.length <= 1, `two answers: ${macs.join(' ')}`);
  }
  for (const macs of last) assert.is(macs.length, 1, 'answered in the end');
}
