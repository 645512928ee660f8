import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { IcmpSocketOptions } from '../../modules/metallb/src/linux/icmp-socket.ts';
import type { LinkLocal } from '../../modules/metallb/src/linux/link-locals.ts';
import type { Neighbour } from '../../modules/metallb/src/linux/neighbours.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { LinkRouters } from '../../modules/metallb/src/routing/link-routers.ts';
import { ip, mac } from '../support/addresses.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Two links, with a router on each, and what is sent on them. */
class Links {
  readonly clock = new FakeClock();
  readonly sent: string[] = [];
  readonly opened: string[] = [];
  readonly open: string[] = [];
  readonly failures: string[] = [];
  changes = 0;
  links: LinkLocal[] = [link('eth1', 7), link('eth2', 8)];
  neighbours: Neighbour[] = [router('eth1', 'fe80::1'), router('eth2', 'fe80::2')];
  refusal: string | undefined;
  readonly routers = new LinkRouters({
    clock: this.clock,
    readLinkLocals: () => this.links,
    readNeighbours: async () => this.neighbours,
    openIcmp: (options) => this.#open(options),
    onChange: () => {
      this.changes += 1;
    },
    onFailure: (error) => this.failures.push(String(error)),
  });

  #open({ interface: name, hopLimit, onReply, onError }: IcmpSocketOptions) {
    const key = `${name} ${hopLimit} ${onReply}`;
    this.opened.push(key);
    this.open.push(key);
    return {
      send: (to: IpAddress) => {
        this.sent.push(`${name} ${to}`);
        if (this.refusal !== undefined) onError(new Error(this.refusal));
      },
      close: () => void this.open.splice(this.open.indexOf(key), 1),
    };
  }

  /** One look after the other, to its end. */
  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second += 1) {
      await settled();
      this.clock.advance(1_000);
    }
    await settled();
  }
}

function link(name: string, index: number): LinkLocal {
  return { interface: name, index, mac: mac('02:00:00:00:05:01'), addresses: [] };
}

function router(interfaceName: string, address: string): Neighbour {
  return { ip: ip(address), interface: interfaceName, isRouter: true, state: 'REACHABLE' };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a router is found on the interface that is asked about, and nothing is sent on any other', async () => {
  const links = new Links();
  await links.seconds(3);
  assert.equal([links.opened, links.changes], [[], 0]);
  links.routers.setInterfaces(new Set(['eth1']));
  assert.equal(links.routers.at('eth1'), {
    problem: 'it is not there, is down or has no link-local address of IPv6',
  });
  await links.seconds(1);
  assert.equal(links.routers.at('eth1'), { address: 'fe80::1' });
  // That it is there, and that it has been told of this node.
  assert.is(links.changes, 2);
  assert.equal(new Set(links.sent), new Set(['eth1 ff02::1']));
  // RFC 4861 §6.1.2: the hop limit; and nobody's replies are read.
  assert.equal(links.open, ['eth1 255 undefined']);
  links.routers.stop();
  assert.equal(links.open, []);
  const before = links.sent.length;
  await links.seconds(20);
  assert.is(links.sent.length, before);
});

test('it is told when another is there, or the link is gone; and a link of the same name is another link', async () => {
  const links = new Links();
  links.routers.setInterfaces(new Set(['eth1']));
  await links.seconds(2);
  links.neighbours = [router('eth1', 'fe80::3')];
  await links.seconds(2);
  assert.equal([links.routers.at('eth1'), links.changes], [{ address: 'fe80::3' }, 4]);
  links.links = [];
  await links.seconds(1);
  assert.equal([links.open, links.changes], [[], 5]);
  links.links = [link('eth1', 9)];
  await links.seconds(2);
  assert.equal(links.routers.at('eth1'), { address: 'fe80::3' });
  links.links = [link('eth1', 10)];
  await links.seconds(1);
  assert.is(links.opened.length, 3);
  assert.is(links.open.length, 1);
  links.routers.stop();
});

test('a socket that the kernel refuses is opened anew, and told of once', async () => {
  const links = new Links();
  links.refusal = 'Network is unreachable';
  links.routers.setInterfaces(new Set(['eth1']));
  await links.seconds(2);
  assert.equal(links.failures, ['Error: Network is unreachable']);
  assert.is(links.open.length, 0);
  links.refusal = undefined;
  await links.seconds(30);
  assert.is(links.open.length, 1);
  links.routers.stop();
});

test.run();
