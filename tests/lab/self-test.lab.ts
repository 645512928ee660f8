import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { programDataplane } from '../../lab/dataplane.ts';
import { delay, run, tryRun } from '../../lab/exec.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { listNamespaces, sweepLeftovers } from '../../lab/namespaces.ts';
import { flushNeighbours, neighbourMac, touch } from '../../lab/neighbours.ts';
import { ipv4On, podAddresses } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';

/** The lab measured with addresses that the kernel answers for: what it says about the product is worth that much. */
const IPS = ['192.0.2.10', '2001:db8:2::10'];
const KERNEL_ONLY = { programs: false } as const;
const OUTAGE_MS = 200;
const LOOK_MS = 1_000;
/** In that time, for each IP. */
const QUESTIONS_AT_LEAST = 10;

export const scenarios: readonly Scenario[] = [
  scenario('lab/who-answers', KERNEL_ONLY, async (lab) => {
    for (const ip of IPS) assert.equal(await lab.prober.macsOf(ip), []);
    await giveAddresses(lab, 'n1');
    for (const ip of IPS) assert.equal(await lab.prober.macsOf(ip), [lab.macOf('n1')]);
    await giveAddresses(lab, 'n2');
    const both = [lab.macOf('n1'), lab.macOf('n2')];
    for (const ip of IPS) assert.equal(await lab.prober.macsOf(ip), both, 'two answers are seen');
    await takeAddresses(lab, 'n1', 'n2');
    return undefined;
  }),

  scenario('lab/probe-loop', { ...KERNEL_ONLY, timed: 'in-part' }, (lab, alone) =>
    alone(async () => {
      await giveAddresses(lab, 'n1');
      await forwardToBackend(lab);
      // It may know another node from the scenario before, and every node forwards.
      await flushNeighbours(lab.namespace('client'));
      const probe = await lab.probe(IPS);
      await probe.flowing();
      await probe.reset();
      await delay(OUTAGE_MS);
      for (const { lost } of await probe.report())
        assert.is(lost, 0, 'a healthy lab loses nothing');
      // Not the cable: without carrier, kernels forget their neighbours and ask for them once a second.
      await lab.switch.drop('oifname "n1.eth0"');
      await delay(OUTAGE_MS);
      await lab.switch.heal();
      await probe.flowing();
      const dark = (await probe.report()).map((one) => one.darkMs);
      for (const darkMs of dark)
        assert.ok(darkMs >= OUTAGE_MS && darkMs < 2 * OUTAGE_MS, `${darkMs}`);
      await takeAddresses(lab, 'n1');
      return { unit: 'ms', samples: dark };
    }),
  ),

  // A kernel keeps packets while it asks for their MAC, once a second: all of them arrive in the end.
  scenario('lab/late-echoes-are-losses', { ...KERNEL_ONLY, timed: 'in-part' }, (lab, alone) =>
    alone(async () => {
      await giveAddresses(lab, 'n1');
      await forwardToBackend(lab);
      await flushNeighbours(lab.namespace('client'));
      await lab.switch.drop('iifname "client.eth0" ether type arp');
      await lab.switch.drop('iifname "client.eth0" icmpv6 type nd-neighbor-solicit');
      const probe = await lab.probe(IPS, 'client', { intervalMs: 5 });
      await delay(OUTAGE_MS);
      await lab.switch.heal();
      await probe.flowing();
      for (const { ip, lost } of await probe.report()) assert.ok(lost > 0, `${ip} lost nothing`);
      await takeAddresses(lab, 'n1');
      return undefined;
    }),
  ),

  scenario('lab/forgetful-client-asks-again', { ...KERNEL_ONLY, timed: 'in-part' }, (lab, alone) =>
    alone(async () => {
      await giveAddresses(lab, 'n1');
      await forwardToBackend(lab);
      const probe = await lab.probe(IPS, 'client2', { intervalMs: 5, forgets: true });
      await probe.flowing();
      const capture = await startCapture({
        ...{ namespace: lab.namespace('client2'), interfaceName: 'eth0' },
        file: join(lab.directory, 'forgetful.pcap'),
        filter: 'arp[6:2] = 1 or (icmp6 and ip6[40] = 135)',
      });
      await delay(LOOK_MS);
      const questions = await capture.stopWithFrames();
      assert.ok(
        questions.length >= QUESTIONS_AT_LEAST * IPS.length,
        `${questions.length} questions`,
      );
      for (const { ip, lost, sent } of await probe.report()) assert.is(lost, 0, `${ip} of ${sent}`);
      await takeAddresses(lab, 'n1');
      return undefined;
    }),
  ),

  scenario('lab/pods-and-connections', KERNEL_ONLY, async (lab) => {
    await giveAddresses(lab, 'n1');
    await forwardToBackend(lab);
    for (const ip of IPS) assert.match(await fetchFrom(lab, ip), /^backend /);
    const held = await lab.hold(IPS, { connections: 20 });
    assert.is((await held.answering()).broken, 0);
    await lab.switch.drop('ether type ip6');
    const hangs = held.answering(1_000).then(
      () => false,
      () => true,
    );
    assert.ok(await hangs, 'a connection that hangs is seen beside others that do not');
    await lab.switch.heal();
    await takeAddresses(lab, 'n1');
    return undefined;
  }),

  scenario('lab/neighbours', KERNEL_ONLY, async (lab) => {
    await giveAddresses(lab, 'n2');
    for (const host of ['client', 'router']) {
      await flushNeighbours(lab.namespace(host));
      await touch(lab.namespace(host), IPS);
      for (const ip of IPS) assert.is(await neighbourMac(lab.namespace(host), ip), lab.macOf('n2'));
    }
    await takeAddresses(lab, 'n2');
    return undefined;
  }),

  scenario('lab/a-capture-that-cannot-begin-is-an-error', KERNEL_ONLY, async (lab) => {
    const file = join(lab.directory, 'none.pcap');
    const at = { namespace: lab.namespace('client'), interfaceName: 'eth0', file };
    const begins = startCapture({ ...at, filter: 'no such filter' }).then(
      () => 'begun',
      (error: Error) => error.message,
    );
    assert.match(await begins, /^no capture: tcpdump: /);
    return undefined;
  }),

  scenario('lab/isolation', KERNEL_ONLY, async (lab) => {
    const other = await startLab();
    await giveAddresses(other, 'n1');
    for (const ip of IPS)
      assert.equal(await lab.prober.macsOf(ip), [], 'labs do not hear each other');
    const outside = await run(['ip', '-o', 'link']);
    assert.not.match(outside, /eth0\.|n1\.eth0/);
    const ping = ['netns', 'exec', lab.namespace('client'), 'ping', '-c1', '-W1'];
    const management = await tryRun(['ip', ...ping, ipv4On('management', 1)]);
    assert.is.not(management.code, 0, 'clients are not on the management network');
    await other.stop();
    assert.equal(await listNamespaces(other.name), [], 'nothing stays behind');
    return undefined;
  }),

  scenario('lab/killed-lab-is-swept', KERNEL_ONLY, async () => {
    const child = spawnLab();
    await once(child.stdout, 'data');
    const prefix = `mlb-${child.pid}-`;
    // Before its end: any lab that starts sweeps what a killed one has left.
    assert.ok((await listNamespaces(prefix)).length > 0, 'a lab has namespaces');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await sweepLeftovers();
    assert.equal(await listNamespaces(prefix), []);
    return undefined;
  }),

  scenario('lab/interrupted-lab-cleans-up', KERNEL_ONLY, async () => {
    const child = spawnLab();
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    await once(child, 'exit');
    assert.equal(await listNamespaces(`mlb-${child.pid}-`), []);
    return undefined;
  }),

  scenario('lab/lab-without-reader-cleans-up', KERNEL_ONLY, async () => {
    const child = spawnLab();
    child.stdout.destroy();
    await once(child, 'exit');
    assert.equal(await listNamespaces(`mlb-${child.pid}-`), []);
    return undefined;
  }),
];

function addressCommand(lab: Lab, node: string, verb: 'add' | 'del', ip: string): string[] {
  const ipv6 = ip.includes(':');
  const command = ['ip', '-n', lab.namespace(node), 'address', verb, `${ip}/${ipv6 ? 128 : 32}`];
  return [...command, 'dev', 'eth0', ...(ipv6 && verb === 'add' ? ['nodad'] : [])];
}

async function giveAddresses(lab: Lab, node: string): Promise<void> {
  for (const ip of IPS) await run(addressCommand(lab, node, 'add', ip));
}

async function takeAddresses(lab: Lab, ...nodes: string[]): Promise<void> {
  for (const node of nodes) {
    for (const ip of IPS) await run(addressCommand(lab, node, 'del', ip));
  }
}

async function forwardToBackend(lab: Lab): Promise<void> {
  const ports = (['tcp', 'udp'] as const).map((protocol) => ({
    protocol,
    port: POD_PORT,
    targetPort: POD_PORT,
  }));
  const route = {
    ips: IPS,
    ports,
    externalTrafficPolicy: 'Cluster' as const,
    endpoints: Object.values(podAddresses('backend')).map((ip) => ({ ip, node: undefined })),
  };
  for (const node of lab.nodes) await programDataplane(lab.namespace(node), node, [route]);
}

function fetchFrom(lab: Lab, ip: string): Promise<string> {
  const url = `http://${ip.includes(':') ? `[${ip}]` : ip}/`;
  return run(['ip', 'netns', 'exec', lab.namespace('client'), 'curl', '-s', '-m', '2', url]);
}

function spawnLab() {
  const program = join(import.meta.dirname, '..', '..', 'lab', 'idle-lab.ts');
  return spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
