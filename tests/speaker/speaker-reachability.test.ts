import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { IcmpSocketOptions } from '../../modules/metallb/src/linux/icmp-socket.ts';
import { familyOf, type IpAddress, type IpFamily } from '../../modules/metallb/src/net/ip.ts';
import { ip } from '../support/addresses.ts';
import { balancerClass } from '../support/cluster.ts';
import { BLIND } from '../support/host-sight.ts';
import { SpeakerFixture, settled } from '../support/speaker-fixture.ts';

const GATEWAY = '192.0.2.254';
const HOST = '2001:db8::9';
const ROUND_MS = 1_000;

/** A network behind eth0 and eth1 with a gateway on each, and hosts that answer as long as they are there. */
class FakeNetwork {
  readonly there = new Set<string>([GATEWAY, HOST]);
  readonly open = new Set<string>();
  readonly sent: string[] = [];
  opened = 0;
  broken = false;
  gateways = new Map([
    ['eth0', [ip(GATEWAY)]],
    ['eth1', [ip(GATEWAY)]],
  ]);

  readonly sight = {
    ...BLIND,
    reachability: {
      randomBytes: (length: number) => new Uint8Array(length).fill(7),
      openIcmp: (options: IcmpSocketOptions) => this.#openIcmp(options),
      readGateways: async () => ({ IPv4: this.gateways, IPv6: new Map() }),
      afterQueued: (run: () => void) => run(),
    },
  };

  #openIcmp({ interface: name, family, onReply, onError }: IcmpSocketOptions) {
    if (this.broken) throw new Error('Operation not permitted');
    const key = `${name} ${family}`;
    this.opened += 1;
    this.open.add(key);
    return {
      send: (to: IpAddress, message: Uint8Array) => {
        this.sent.push(`${name} ${to}`);
        if (to === '203.0.113.1') onError(new Error('Network is unreachable'));
        else if (this.there.has(to)) onReply?.(to, replyTo(familyOf(to), message));
      },
      close: () => void this.open.delete(key),
    };
  }
}

/** Type 0 instead of 8 changes the checksum by as much; of ICMPv6 the kernel has checked it. */
function replyTo(family: IpFamily, request: Uint8Array): Uint8Array {
  const reply = Uint8Array.from(request);
  reply[0] = family === 'IPv4' ? 0 : 129;
  if (family === 'IPv6') return reply;
  const sum = ((reply[2] ?? 0) << 8) + (reply[3] ?? 0) + 0x0800;
  const folded = (sum & 0xffff) + (sum >>> 16);
  reply[2] = folded >>> 8;
  reply[3] = folded;
  return reply;
}

function applyReachability(fixture: SpeakerFixture, reachability: object | undefined): void {
  fixture.store.put(balancerClass('ingress', { reachability }));
}

async function started(network: FakeNetwork, reachability?: object): Promise<SpeakerFixture> {
  const fixture = new SpeakerFixture(undefined, network.sight);
  if (reachability !== undefined) applyReachability(fixture, reachability);
  await fixture.speaker.start();
  await settled();
  fixture.report({ type: 'counters', counters: [] });
  sees(fixture, 'eth0');
  await settled();
  return fixture;
}

function sees(fixture: SpeakerFixture, ...names: readonly string[]): void {
  const segments = names.map((name) => ({ interface: name, state: 'eligible', peers: [] }));
  fixture.report({ type: 'segments', segments });
}

async function rounds(fixture: SpeakerFixture, count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    fixture.clock.advance(ROUND_MS);
    await settled();
  }
}

function told(fixture: SpeakerFixture): string | undefined {
  const [node] = fixture.store.list('Node');
  const { conditions } = (node?.status ?? {}) as { conditions: Record<string, string>[] };
  const condition = conditions.find(({ type }) => type?.endsWith('/ReachabilityFailed'));
  return condition?.['status'] === 'True' ? condition['message'] : undefined;
}

const reachOfWire = (fixture: SpeakerFixture) => fixture.wire.table.reachability;

test('where no class wants it, nothing is opened, sent or told', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network);
  await rounds(fixture, 5);
  assert.equal([network.opened, network.sent.length, reachOfWire(fixture)], [0, 0, {}]);
});

test('the wire learns whether the targets are reached, people which are not', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network, { targets: ['gateway', HOST], quorum: 2 });
  assert.equal(reachOfWire(fixture), { '*': 'doubtful', eth0: 'doubtful' });
  await rounds(fixture, 4);
  assert.equal(reachOfWire(fixture), { '*': 'doubtful', eth0: 'reached' });
  network.there.delete(GATEWAY);
  await rounds(fixture, 2);
  assert.is(reachOfWire(fixture)['eth0'], 'doubtful');
  await rounds(fixture, 3);
  assert.is(reachOfWire(fixture)['eth0'], 'lost');
  assert.match(
    told(fixture) ?? '',
    `eth0: no answer from gateway (${GATEWAY}): 1 of 2 targets of MetalLoadBalancerClass ingress answer, 2 must`,
  );
  assert.match(await fixture.page(), 'metallb_reachability_failed{interface="eth0"} 1');
  network.there.add(GATEWAY);
  await rounds(fixture, 2);
  assert.ok(told(fixture), 'not before it is sure');
  await rounds(fixture, 3);
  assert.is(reachOfWire(fixture)['eth0'], 'reached');
  assert.is(told(fixture), undefined);
  assert.match(await fixture.page(), /metallb_reachability_echoes_total\{.*outcome="answered"} \d/);
});

test('a class that no longer wants it frees what was open', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network, { targets: [HOST] });
  network.there.clear();
  await rounds(fixture, 5);
  assert.ok(told(fixture));
  applyReachability(fixture, undefined);
  await rounds(fixture, 3);
  assert.equal([network.open.size, reachOfWire(fixture), told(fixture)], [0, {}, undefined]);
});

test('another quorum begins anew, an unrelated change does not', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network, { targets: [HOST] });
  await rounds(fixture, 4);
  fixture.store.put(
    balancerClass('ingress', { reachability: { targets: [HOST] } }, { isDefault: true }),
  );
  await settled();
  assert.is(reachOfWire(fixture)['eth0'], 'reached');
  applyReachability(fixture, { targets: [HOST, GATEWAY], quorum: 2 });
  await settled();
  assert.is(reachOfWire(fixture)['eth0'], 'doubtful');
});

test('each interface has a verdict of its own, and keeps it while another wire starts', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network, { targets: ['gateway'] });
  network.gateways.delete('eth1');
  sees(fixture, 'eth0', 'eth1');
  await rounds(fixture, 10);
  assert.equal(reachOfWire(fixture), { '*': 'doubtful', eth0: 'reached', eth1: 'lost' });
  assert.match(told(fixture) ?? '', 'eth1: no answer from gateway (no default route leads there)');
  fixture.connect();
  fixture.report({ type: 'counters', counters: [] });
  sees(fixture, 'eth0');
  await rounds(fixture, 2);
  assert.equal(reachOfWire(fixture), { '*': 'doubtful', eth0: 'reached', eth1: 'lost' });
});

test('a socket that fails is opened anew in the next round', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network, { targets: ['203.0.113.1'] });
  await rounds(fixture, 4);
  assert.is(network.opened, 5);
  assert.is(reachOfWire(fixture)['eth0'], 'lost');
});

test('a socket that can not be opened is told once, and tried again', async () => {
  const network = new FakeNetwork();
  network.broken = true;
  const fixture = await started(network, { targets: [HOST] });
  await rounds(fixture, 5);
  const complaints = fixture.log.filter((line) => line.includes('Operation not permitted'));
  assert.is(complaints.length, 1);
  assert.is(reachOfWire(fixture)['eth0'], 'lost');
  network.broken = false;
  await rounds(fixture, 4);
  assert.is(reachOfWire(fixture)['eth0'], 'reached');
});

test('nothing is sent after the end', async () => {
  const network = new FakeNetwork();
  const fixture = await started(network, { targets: [HOST] });
  await fixture.speaker.stop();
  const sent = network.sent.length;
  await rounds(fixture, 5);
  assert.equal([network.sent.length, network.open.size], [sent, 0]);
});

test.run();
