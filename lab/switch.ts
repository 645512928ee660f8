import { run } from './exec.ts';
import { batch, portName } from './network.ts';
import type { Segment } from './plan.ts';

const FILTER_TABLE = 'bridge faults';
const QUERIER_ADDRESS = 'fe80::5';
/** Hundredths of seconds: a group that nobody reports is forgotten after three seconds. */
const FAST_QUERIES =
  'mcast_query_interval 100 mcast_query_response_interval 50 mcast_membership_interval 300 mcast_startup_query_interval 50';

/** What can go wrong between hosts: cables, ports and filters of the lab's switch. */
export class LabSwitch {
  readonly #namespace: string;
  readonly #unplugged = new Set<string>();
  readonly #configured = new Set<string>();
  #filtering = false;
  #snooping = false;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Cable out at the switch's end: the host loses carrier. */
  async unplug(host: string, ...interfaceNames: string[]): Promise<void> {
    const ports = interfaceNames.map((name) => portName(host, name));
    for (const port of ports) this.#unplugged.add(port);
    await batch(
      this.#namespace,
      ports.map((port) => `link set ${port} down`),
    );
  }

  async plug(host: string, ...interfaceNames: string[]): Promise<void> {
    const ports = interfaceNames.map((name) => portName(host, name));
    for (const port of ports) this.#unplugged.delete(port);
    await batch(
      this.#namespace,
      ports.map((port) => `link set ${port} up`),
    );
  }

  /** The whole segment goes dark, its ports keep carrier. */
  async cutSegment(segment: Segment): Promise<void> {
    const show = ['ip', '-n', this.#namespace, '-j', 'link', 'show', 'master', segment];
    const ports: { ifname: string }[] = JSON.parse(await run(show));
    // By port and not by bridge: not every kernel knows the bridge's name in the bridge family.
    const names = ports.map(({ ifname }) => `"${ifname}"`);
    await this.drop(`iifname { ${names.join(', ')} }`);
  }

  /**
   * Drops forwarded frames that match an nft expression of the bridge family, e.g. `ether type ip6` or
   * `oifname "n1.eth0"`.
   */
  async drop(match: string): Promise<void> {
    const setUp = this.#filtering
      ? ''
      : `add table ${FILTER_TABLE}\nadd chain ${FILTER_TABLE} forward { type filter hook forward priority 0; }\n`;
    await this.#nft(`${setUp}add rule ${FILTER_TABLE} forward ${match} drop\n`);
    this.#filtering = true;
  }

  /** The public segment falls in two: nothing passes between these hosts and those. */
  async part(some: readonly string[], others: readonly string[]): Promise<void> {
    const [here, there] = [some, others].map((hosts) => {
      const ports = hosts.map((host) => `"${portName(host, 'eth0')}"`);
      return `{ ${ports.join(', ')} }`;
    });
    await this.drop(`iifname ${here} oifname ${there}`);
    await this.drop(`iifname ${there} oifname ${here}`);
  }

  /**
   * From now on the public segment passes multicast only to ports whose hosts have joined the group, where a querier is:
   * the switch itself. Without one, it may not prune (RFC 4541 §2.1.1).
   */
  async snoopMulticast({ querier }: { readonly querier: boolean }): Promise<void> {
    this.#snooping = true;
    await batch(this.#namespace, [
      // A querier asks from a link-local address.
      `address replace ${QUERIER_ADDRESS}/64 dev public nodad`,
      `link set public type bridge mcast_snooping 1 mcast_querier ${querier ? 1 : 0} ${FAST_QUERIES}`,
    ]);
  }

  /** Groups that hosts behind a port have joined, as the switch learnt. */
  async joinedGroups(host: string, interfaceName: string): Promise<string[]> {
    const show = ['ip', 'netns', 'exec', this.#namespace, 'bridge', '-j', 'mdb', 'show'];
    const [{ mdb = [] } = {}]: { mdb?: { port: string; grp: string }[] }[] = JSON.parse(
      await run([...show, 'dev', 'public']),
    );
    const port = portName(host, interfaceName);
    return mdb.filter((entry) => entry.port === port).map(({ grp }) => grp);
  }

  /** `neigh_suppress`, `isolated` and the like. */
  async setPort(host: string, interfaceName: string, setting: string): Promise<void> {
    const port = portName(host, interfaceName);
    this.#configured.add(port);
    await this.#setLink(port, setting.split(' '));
  }

  async #setLink(port: string, setting: readonly string[]): Promise<void> {
    const inSwitch = ['ip', 'netns', 'exec', this.#namespace];
    await run([...inSwitch, 'bridge', 'link', 'set', 'dev', port, ...setting]);
  }

  /** Undoes every fault. */
  async heal(): Promise<void> {
    if (this.#filtering) await this.#nft(`delete table ${FILTER_TABLE}\n`);
    this.#filtering = false;
    await batch(
      this.#namespace,
      [...this.#unplugged].map((port) => `link set ${port} up`),
    );
    this.#unplugged.clear();
    for (const port of this.#configured) {
      await this.#setLink(port, ['neigh_suppress', 'off', 'isolated', 'off', 'learning', 'on']);
    }
    this.#configured.clear();
    if (this.#snooping) {
      await batch(this.#namespace, [
        'link set public type bridge mcast_snooping 0 mcast_querier 0',
        `address del ${QUERIER_ADDRESS}/64 dev public`,
      ]);
    }
    this.#snooping = false;
  }

  #nft(script: string): Promise<string> {
    return run(['ip', 'netns', 'exec', this.#namespace, 'nft', '-f', '-'], script);
  }
}
