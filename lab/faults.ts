import { run } from './exec.ts';
import type { Lab } from './lab.ts';
import { signal } from './processes.ts';

/** One way in which a node fails, and how it comes back. */
export interface Fault {
  readonly name: string;
  readonly strike: (lab: Lab, node: string) => Promise<void> | void;
  readonly repair: (lab: Lab, node: string) => Promise<void> | void;
  /** Its kernel goes on forwarding: clients that know its MAC notice nothing. */
  readonly forwardingGoesOn: boolean;
}

/** Public cable out, management network alive. */
export const CABLE_OUT: Fault = {
  name: 'cable-out',
  strike: (lab, node) => lab.switch.unplug(node, 'eth0'),
  repair: (lab, node) => lab.switch.plug(node, 'eth0'),
  forwardingGoesOn: false,
};

/** All cables out and nothing runs any more: power. */
export const NODE_LOSS: Fault = {
  name: 'node-loss',
  async strike(lab, node) {
    await lab.switch.unplug(node, 'eth0', 'mgmt0', 'cni0');
    await lab.program(node).killTree();
  },
  async repair(lab, node) {
    await lab.switch.plug(node, 'eth0', 'mgmt0', 'cni0');
    lab.program(node).start();
  },
  forwardingGoesOn: false,
};

/** kill -9 of node, speaker and wire. */
export const KILL_NODE: Fault = {
  name: 'kill-node',
  strike: (lab, node) => lab.program(node).killTree(),
  repair: (lab, node) => lab.program(node).start(),
  forwardingGoesOn: true,
};

/** Wire frozen together with the program that would restart it, as by a paused machine. */
export const STOP_WIRE: Fault = {
  name: 'stop-wire',
  strike: (lab, node) => signalParts(lab, node, 'SIGSTOP'),
  repair: (lab, node) => signalParts(lab, node, 'SIGCONT'),
  forwardingGoesOn: true,
};

function signalParts(lab: Lab, node: string, name: NodeJS.Signals): void {
  const program = lab.program(node);
  signal(program.pid, name);
  signal(program.pidOf('wire.mjs'), name);
}

/** `ip link set down` on the node itself. */
const INTERFACE_DOWN: Fault = {
  name: 'interface-down',
  strike: (lab, node) => setInterface(lab, node, 'down'),
  repair: (lab, node) => setInterface(lab, node, 'up'),
  forwardingGoesOn: false,
};

async function setInterface(lab: Lab, node: string, state: 'up' | 'down'): Promise<void> {
  await run(['ip', '-n', lab.namespace(node), 'link', 'set', 'eth0', state]);
}

/** Faults that make a node's IPs move. */
export const MOVING_FAULTS: readonly Fault[] = [
  CABLE_OUT,
  NODE_LOSS,
  KILL_NODE,
  STOP_WIRE,
  INTERFACE_DOWN,
];

/** kill -9 of one process of a node, which is restarted. @param part `wire.mjs`, `speaker.mjs` or `bfdd.mjs` */
export function killPart(
  lab: Lab,
  node: string,
  part: 'wire.mjs' | 'speaker.mjs' | 'bfdd.mjs',
): void {
  signal(lab.program(node).pidOf(part), 'SIGKILL');
}
