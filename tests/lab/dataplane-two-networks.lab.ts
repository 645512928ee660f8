import * as assert from 'uvu/assert';
import { doctorFinds } from '../../lab/doctor.ts';
import { run, tryRun } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { CONTROL_HOST, ipv4On, ipv6On } from '../../lab/plan.ts';
import { recipe } from '../../lab/recipe.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const NODE = 'n1';
const ROUTER_NUMBER = 254;
const GATEWAY = { IPv4: ipv4On('public', ROUTER_NUMBER), IPv6: ipv6On('public', ROUTER_NUMBER) };
const MANAGEMENT = {
  IPv4: ipv4On('management', CONTROL_HOST),
  IPv6: ipv6On('management', CONTROL_HOST),
};
const FAR = { IPv4: '10.7.0', IPv6: 'fd00:7:' } as const;

export const scenarios: readonly Scenario[] = [
  scenario('dataplane/client-behind-a-router-of-two-homed-nodes', {}, async (lab) => {
    const all = await freshServices(lab);
    const ipOf = (service: string) =>
      all.find((one) => one.service === service && one.preferredNode === NODE)?.ip ?? '';
    const ips = { IPv4: ipOf('web'), IPv6: ipOf('web6') };
    await addFarHost(lab);
    await manageByDefault(lab, 'add');
    try {
      await setRpFilter(lab, 1);
      assert.is(await statusFor(lab, ips.IPv4), 0, 'strict: dropped');
      assert.match((await doctorFinds(lab, NODE)).join('\n'), /^rp_filter: rp_filter is 1/m);
      killPart(lab, NODE, 'speaker.mjs');
      await ready(lab, NODE);
      await nodeTells(lab, NODE, 'ReversePathFilter');
      await setRpFilter(lab, 2);
      for (const ip of Object.values(ips))
        assert.is(await statusFor(lab, ip), 0, 'leaves elsewhere');
      const found = (await doctorFinds(lab, NODE)).join('\n');
      assert.not.match(found, 'rp_filter: ');
      assert.match(found, /^return route: answers over IPv4 .* leave by mgmt0/m);
      assert.match(found, /^return route: answers over IPv6 .* leave by mgmt0/m);
      await nodeTells(lab, NODE, 'ReturnRouteElsewhere');
      await inNode(lab, ['sh', '-euc', recipe('return-route', { ...GATEWAY, interface: 'eth0' })]);
      for (const ip of Object.values(ips)) assert.is(await statusFor(lab, ip), 200, 'after it');
      assert.equal(await doctorFinds(lab, NODE), []);
    } finally {
      await inNode(lab, ['sh', '-c', recipe('return-route-undo', { interface: 'eth0' })]);
      await setRpFilter(lab, 0);
      await manageByDefault(lab, 'delete');
      await tryRun(['ip', 'netns', 'delete', lab.namespace('far')]);
    }
    return undefined;
  }),
];

/** Behind the router, on a network that nodes have no route of their own for. */
async function addFarHost(lab: Lab): Promise<void> {
  const [far, router] = [lab.namespace('far'), lab.namespace('router')];
  await run(['ip', 'netns', 'add', far]);
  const cable = ['link', 'add', 'far0', 'netns', router, 'type', 'veth', 'peer', 'name', 'eth0'];
  await run(['ip', ...cable, 'netns', far]);
  const address = (host: number) => [
    `address add ${FAR.IPv4}.${host}/24 dev`,
    `address add ${FAR.IPv6}:${host}/64 nodad dev`,
  ];
  await batch(router, [...address(1).map((command) => `${command} far0`), 'link set far0 up']);
  await batch(far, [
    ...address(2).map((command) => `${command} eth0`),
    'link set eth0 up',
    `route add default via ${FAR.IPv4}.1`,
    `route add default via ${FAR.IPv6}:1`,
  ]);
}

/** The management network leads to no client: nobody there knows the way. */
async function manageByDefault(lab: Lab, verb: 'add' | 'delete'): Promise<void> {
  await batch(lab.namespace(NODE), [
    `route ${verb} default via ${MANAGEMENT.IPv4} dev mgmt0`,
    `route ${verb} default via ${MANAGEMENT.IPv6} dev mgmt0`,
  ]);
}

async function setRpFilter(lab: Lab, value: 0 | 1 | 2): Promise<void> {
  await inNode(lab, ['sysctl', '-qw', `net.ipv4.conf.eth0.rp_filter=${value}`]);
}

async function inNode(lab: Lab, command: readonly string[]): Promise<void> {
  await run(['ip', 'netns', 'exec', lab.namespace(NODE), ...command]);
}

/** HTTP status for the far client; 0 when there is no answer. */
async function statusFor(lab: Lab, ip: string): Promise<number> {
  const url = `http://${ip.includes(':') ? `[${ip}]` : ip}/`;
  const curl = ['curl', '-s', '-o', '/dev/null', '--max-time', '2', '-w', '%{http_code}', url];
  const { stdout } = await tryRun(['ip', 'netns', 'exec', lab.namespace('far'), ...curl]);
  return Number(stdout);
}
