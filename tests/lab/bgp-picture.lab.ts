import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { run, until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { FrrDaemons } from '../../lab/routers/frr-daemons.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { endpointsOn, moduleScenario, object } from './bgp-module.ts';
import { ROUTER } from './bgp-sessions.ts';

/** Two nodes on two networks, a router with a configuration that people have, and the manifests for them. */
const IP = '10.254.254.1';
const PORT = 18_081;
const JSON_PORT = 8_081;
const SEEN_MS = 15_000;
const EXAMPLES = join(import.meta.dirname, '../../examples');
/** Beside the manifests of other objects. */
const MANIFEST = (lab: Lab) => join(lab.directory, 'manifests', 'metallb-bgp.yaml');

/** The networks of the picture, by the picture's names of the router's interfaces. */
const INTERFACES = [
  ['eth1', 'eth2'],
  ['eth0', 'eth1'],
] as const;
const ADDRESSES = [
  ['n1', 'address add 172.16.1.11/24 dev eth0'],
  ['n1', 'route add 172.16.2.0/24 via 172.16.1.1'],
  ['n2', 'address add 172.16.2.21/24 dev eth1'],
  ['n2', 'route add 172.16.1.0/24 via 172.16.2.1 src 172.16.2.21'],
] as const;

async function withPicture(lab: Lab, play: (frr: FrrDaemons, place: string) => Promise<void>) {
  const namespace = lab.namespace(ROUTER.host);
  const directory = join(lab.directory, `router-${Date.now()}`);
  await batch(namespace, [
    ...INTERFACES.flatMap(([from, to]) => [`link set ${from} down`, `link set ${from} name ${to}`]),
    ...['address add 172.16.1.1/24 dev eth1', 'address add 172.16.2.1/24 dev eth2'],
    ...['link set eth1 up', 'link set eth2 up'],
  ]);
  for (const [host, command] of ADDRESSES) await batch(lab.namespace(host), [command]);
  const configuration = await readFile(join(EXAMPLES, 'frr.conf'), 'utf8');
  const bgpd = { name: 'bgpd', configuration, arguments: [] } as const;
  const frr = new FrrDaemons({ namespace, directory }, { ...bgpd, question: 'show version' });
  try {
    await frr.start();
    await play(frr, directory);
  } finally {
    await frr.stop();
    await rm(MANIFEST(lab), { force: true });
  }
}

async function isEstablished(frr: FrrDaemons, ...neighbours: string[]): Promise<void> {
  await until({ what: `sessions with ${neighbours}`, deadlineMs: SEEN_MS }, async () => {
    const { ipv4Unicast } = JSON.parse(await frr.vtysh('show bgp summary json'));
    return neighbours.every((one) => ipv4Unicast?.peers[one]?.state === 'Established');
  });
}

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'two-nodes-on-two-networks-with-a-router-as-it-stands',
    async (lab) => {
      await withPicture(lab, async (frr, directory) => {
        const text = await readFile(join(EXAMPLES, 'metallb-bgp.yaml'), 'utf8');
        // As it stands: the one document is refused in words, and the rest of the file is in force.
        await writeFile(MANIFEST(lab), text);
        await isEstablished(frr, '172.16.1.11', '172.16.2.21');
        const told = lab.controller.lastLogLines(1_000).join('\n');
        assert.match(told, /spec\.ipAddressPools: .*-bgp-pool.* expected/);
        await writeFile(MANIFEST(lab), text.replace('-bgp-pool', '- bgp-pool'));
        await lab.cluster.apply(
          object('IPAddressPool', 'edge', { spec: { addresses: [`${IP}/32`], autoAssign: false } }),
          object('BGPAdvertisement', 'edge', { spec: { ipAddressPools: ['edge'] } }),
          {
            ...{ apiVersion: 'v1', kind: 'Service' },
            metadata: {
              ...{ name: 'demo', namespace: 'default' },
              annotations: { 'metallb.io/loadBalancerIPs': IP },
            },
            spec: {
              type: 'LoadBalancer',
              ipFamilies: ['IPv4'],
              ports: [{ name: 'http', protocol: 'TCP', port: PORT, targetPort: JSON_PORT }],
            },
          },
        );
        await endpointsOn(lab, 'demo', lab.nodes);
        assert.equal(await assignedIps(lab, 'demo', 1), [IP]);
        const lines = [
          `B>* ${IP}/32 [20/0] via 172.16.1.11, eth1, weight 1`,
          '* via 172.16.2.21, eth2, weight 1',
        ];
        let table = '';
        const what = () => `${lines.join(' and ')} in\n${table}`;
        await until({ what, deadlineMs: SEEN_MS }, async () => {
          const show = ['vtysh', '--vty_socket', directory, '-c', 'show ip route'];
          table = (await run(show)).replace(/ +/g, ' ');
          return lines.every((line) => table.includes(line));
        });
        const page = await fetchPage(lab.namespace(ROUTER.host), `http://${IP}:${PORT}/`);
        const fields = Object.keys(JSON.parse(page.body));
        assert.equal(fields, ['pod_name', 'pod_ip', 'host_name', 'client_ip']);
      });
      return undefined;
    },
    // Of its own: nobody gives the router its interfaces' names back.
    { lab: { nodes: 2, secondSegment: true }, stores: ['manifests'] },
  ),
];
