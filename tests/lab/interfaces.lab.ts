import * as assert from 'uvu/assert';
import { type Capture, startCapture } from '../../lab/capture.ts';
import { delay, until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { ipv4On, ipv6On, macOn, numberOf } from '../../lab/plan.ts';
import type { Prober } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import {
  type ClassWish,
  classManifest,
  endpointSliceManifest,
  serviceManifest,
} from '../../lab/workload.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
type Family = (typeof FAMILIES)[number];
/** In the subnets of the nodes' own addresses, which no host has. */
const IN_SUBNET = {
  IPv4: { public: ipv4On('public', 40), second: ipv4On('second', 40) },
  IPv6: { public: ipv6On('public', 0x40), second: ipv6On('second', 0x40) },
} as const;
/** In nobody's subnet. */
const OUTSIDE = { IPv4: '192.0.2.110', IPv6: '2001:db8:2::110' };
/** Long enough for heartbeats, questions and announcements. */
const LISTEN_MS = 2_000;
const NODE = 'n1';
const CONTAINER_LINKS = ['docker0', 'cali01234'];

export const scenarios: readonly Scenario[] = [
  scenario('hard/interfaces-by-subnet', { lab: { secondSegment: true } }, async (lab) => {
    const probers = { public: lab.prober, second: await lab.secondProber() };
    for (const family of FAMILIES) {
      const wanted = IN_SUBNET[family];
      const l2 = { interfaceSelection: 'BySubnet' };
      await applyService(lab, family, Object.values(wanted), { interfaces: [], l2 });
      await answeredWhere(probers, wanted.public, 'public');
      await answeredWhere(probers, wanted.second, 'second');
      // Who has no address of the subnet leaves its IPs to others, whoever is preferred.
      const mac = await until({ what: `who has ${wanted.second}`, deadlineMs: 5_000 }, async () => {
        return (await probers.second.macsOf(wanted.second))[0];
      });
      const node = lab.nodes.find((name) => macOn('second', numberOf(name)) === mac) ?? '';
      await setAddress(lab, node, family, 'delete');
      await until({ what: `another node for ${wanted.second}`, deadlineMs: 5_000 }, async () => {
        const macs = await probers.second.macsOf(wanted.second);
        return macs.length === 1 && macs[0] !== mac;
      });
      await nodeTells(lab, node, 'SubnetMissing', { message: new RegExp(wanted.second) });
      await setAddress(lab, node, family, 'add');
      await nodeTells(lab, node, 'SubnetMissing', { status: 'False' });
      await until({ what: `${node} for ${wanted.second} again`, deadlineMs: 5_000 }, async () => {
        return (await probers.second.macsOf(wanted.second)).join() === mac;
      });
    }
    return undefined;
  }),

  scenario('hard/subnet-that-no-node-has', {}, async (lab) => {
    for (const family of FAMILIES) {
      const ip = OUTSIDE[family];
      const bySubnet = { l2: { interfaceSelection: 'BySubnet' } };
      const name = await applyService(lab, family, [ip], bySubnet);
      for (const node of lab.nodes) {
        const told = await nodeTells(lab, node, 'SubnetMissing', { message: new RegExp(ip) });
        assert.match(told, `any interface: none has an address in the subnet of ${ip}`);
      }
      assert.equal(await lab.prober.macsOf(ip), []);
      await lab.cluster.apply(classManifest({ name, addressPool: [ip] }));
      await until({ what: `one answer for ${ip}`, deadlineMs: 5_000 }, async () => {
        return (await lab.prober.macsOf(ip)).length === 1;
      });
      for (const node of lab.nodes)
        await nodeTells(lab, node, 'SubnetMissing', { status: 'False' });
    }
    return undefined;
  }),

  scenario('hard/interfaces-of-containers-are-left-out', { stores: ['manifests'] }, async (lab) => {
    try {
      for (const name of CONTAINER_LINKS) await addLinkToItself(lab, name);
      const captures = await Promise.all(CONTAINER_LINKS.map((name) => captureFrom(lab, name)));
      for (const family of FAMILIES) {
        await applyService(lab, family, [OUTSIDE[family]], { interfaces: [] });
        await answeredWhere({ public: lab.prober }, OUTSIDE[family], 'public');
      }
      await delay(LISTEN_MS);
      for (const capture of captures) {
        const frames = await capture.stopWithFrames();
        assert.equal(
          frames.map(({ bytes }) => bytes.toString('hex')),
          [],
          'nothing of ours',
        );
      }
      // A class that names it means it.
      const capture = await captureFrom(lab, 'docker0');
      await applyService(lab, 'IPv4', [OUTSIDE.IPv4], {
        interfaces: ['docker0'],
        nodeSelector: { 'kubernetes.io/hostname': NODE },
      });
      await until({ what: 'docker0 served', deadlineMs: 5_000 }, async () => {
        const page = await fetchPage(lab.namespace(NODE), 'http://127.0.0.1:7474/status');
        return JSON.parse(page.body).segments.docker0?.state === 'eligible';
      });
      await delay(LISTEN_MS);
      const claims = (await capture.stop()).filter(({ ip }) => ip === OUTSIDE.IPv4);
      assert.ok(claims.length > 0, 'announced where the class says');
    } finally {
      const deletions = CONTAINER_LINKS.map((name) => `link delete ${name}`);
      await batch(lab.namespace(NODE), deletions);
    }
    return undefined;
  }),
];

/** A class of its own for these addresses and a Service that has them. @returns the name of both */
async function applyService(
  lab: Lab,
  family: Family,
  ips: readonly string[],
  wish: Omit<ClassWish, 'name' | 'addressPool'>,
): Promise<string> {
  const name = `place-${family.toLowerCase()}`;
  const annotations = { [ANNOTATION.requestedIps]: ips.join(',') };
  await lab.cluster.apply(
    classManifest({ name, addressPool: ips, ...wish }),
    serviceManifest({ name, className: name, family, count: ips.length, annotations }),
    endpointSliceManifest({ name, family }, [{ pod: 'backend', node: 'worker' }]),
  );
  await assignedIps(lab, name, ips.length);
  return name;
}

/** By one host on that segment, and by nobody on the others. */
async function answeredWhere(
  probers: Readonly<Record<string, Prober>>,
  ip: string,
  segment: string,
): Promise<void> {
  await until({ what: `one answer for ${ip} on ${segment}`, deadlineMs: 5_000 }, async () => {
    return (await probers[segment]?.macsOf(ip))?.length === 1;
  });
  for (const [name, prober] of Object.entries(probers)) {
    if (name !== segment) assert.equal(await prober.macsOf(ip), [], `${ip} on ${name}`);
  }
}

/** The node's own address on the second segment. */
async function setAddress(lab: Lab, node: string, family: Family, verb: 'add' | 'delete') {
  const number = numberOf(node);
  const address =
    family === 'IPv4' ? `${ipv4On('second', number)}/24` : `${ipv6On('second', number)}/64 nodad`;
  const written = verb === 'add' ? address : address.split(' ')[0];
  await batch(lab.namespace(node), [`address ${verb} ${written} dev eth1`]);
}

/** Both ends of its cable are in the node: what leaves by one comes in at the other. */
async function addLinkToItself(lab: Lab, name: string): Promise<void> {
  await batch(lab.namespace(NODE), [
    `link add ${name} type veth peer name ${name}p`,
    `link set ${name} up`,
    `link set ${name}p up`,
  ]);
}

/** What our programs send there; the kernel has its own to say. */
function captureFrom(lab: Lab, name: string): Promise<Capture> {
  return startCapture({
    namespace: lab.namespace(NODE),
    interfaceName: `${name}p`,
    file: `${lab.directory}/${name}.pcap`,
    filter: 'arp or udp port 4225 or (icmp6 and ip6[40] == 136)',
  });
}
