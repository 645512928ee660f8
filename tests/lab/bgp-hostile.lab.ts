import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { BgpSpeaker, PeerLook } from '../../lab/bgp-speaker.ts';
import type { Trouble } from '../../lab/bgp-troublemaker.ts';
import { run } from '../../lab/exec.ts';
import { type Lab, ROUTER_ASN } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { neighbour, peer, withRouter } from './bgp-sessions.ts';

/** A peer that does what no router should, beside one that is well: the session with that one never notices. */
const KERNEL_ONLY = { programs: false } as const;
const LONG = { ...KERNEL_ONLY, isLong: true } as const;
const TROUBLEMAKER = { host: 'client', address: '10.9.0.101' } as const;
/** What 100,000 routes that are counted and dropped may cost, and a flood of millions. */
const MEMORY_MIB = 40;

export const scenarios: readonly Scenario[] = [
  hostile('random-bytes', KERNEL_ONLY, {}, async (speaker) => {
    const { why } = await speaker.when('bad', 'the end', ({ why: said }) => said !== 'connecting');
    assert.match(why, 'Message Header Error: Connection Not Synchronized');
  }),

  hostile('a-byte-a-segment', KERNEL_ONLY, {}, async (speaker) => {
    await speaker.established('bad');
    await speaker.when('bad', 'its routes', ({ received }) => received === 100);
  }),

  hostile('slow-loris', LONG, {}, async (speaker) => {
    await sleep(6_000);
    assert.is((await speaker.peer('bad')).phase, 'OpenSent');
  }),

  hostile('oversize', KERNEL_ONLY, {}, async (speaker) => {
    const { events } = await speaker.when('bad', 'the end', ended);
    assert.match(wordsOf(events), 'ended: Message Header Error: Bad Message Length: length 5019');
  }),

  hostile('silent', LONG, {}, async (speaker) => {
    await sleep(3_000);
    assert.is((await speaker.peer('bad')).phase, 'OpenSent');
  }),

  // RFC 9687: what it does not take is not kept for it for ever.
  // A hundred thousand routes at once keep a busy machine from saying anything for a second or two.
  hostile('deaf', LONG, { sendHoldMs: 3_000, holdSeconds: 9 }, async (speaker, lab) => {
    const small = ['net.ipv4.tcp_rmem=4096 8192 16384', 'net.ipv4.tcp_wmem=4096 8192 16384'];
    const tune = (host: string, settings: readonly string[]) =>
      run(['ip', 'netns', 'exec', lab.namespace(host), 'sysctl', '-qw', ...settings]);
    // Of the sockets that are there already, none changes; the next one of the troublemaker has room for little.
    for (const host of [TROUBLEMAKER.host, 'n1']) await tune(host, small);
    await speaker.ask({ do: 'stop', peer: 'bad', message: '' });
    await speaker.ask({ do: 'start', peer: 'bad' });
    await speaker.established('bad');
    await speaker.ask({ do: 'announce', routes: [{ prefix: '10.128.0.0/32', count: 100_000 }] });
    const isOver = (look: PeerLook) => /Send Hold/.test(wordsOf(look.events));
    const { told } = await speaker.when('bad', 'the end', isOver, 15_000);
    assert.is(told, 0);
    const large = ['net.ipv4.tcp_rmem=4096 131072 6291456', 'net.ipv4.tcp_wmem=4096 16384 4194304'];
    for (const host of [TROUBLEMAKER.host, 'n1']) await tune(host, large);
  }),

  hostile('flood', LONG, {}, async (speaker) => {
    await speaker.established('bad');
    const before = await speaker.look();
    const many = (look: PeerLook) => look.received > 5_000_000;
    await speaker.when('bad', 'five million routes', many, 30_000);
    const after = await speaker.look();
    const grown = after.rssMiB - before.rssMiB;
    assert.ok(grown < MEMORY_MIB, `${grown} MiB more after ${after.peers['bad']?.received} routes`);
  }),

  scenario('bgp/a-hundred-thousand-routes-of-a-router', LONG, (lab) => {
    const announced = Array.from(
      { length: 100_000 },
      (_, index) => `11.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`,
    );
    return withRouter(lab, 'bird', { neighbours: [neighbour()], announced }, async () => {
      const speaker = await lab.bgpSpeakerOn('n1');
      const before = await speaker.look();
      await speaker.ask({ do: 'peer', peer: peer() });
      const all = ({ received }: PeerLook) => received === 100_000;
      await speaker.when('router', '100,000 routes', all, 20_000);
      const after = await speaker.look();
      const grown = after.rssMiB - before.rssMiB;
      assert.ok(grown < MEMORY_MIB, `${grown} MiB more`);
    });
  }),
];

const ended = ({ events }: PeerLook) => events.some(({ text }) => text.startsWith('ended'));
const wordsOf = (events: PeerLook['events']) => events.map(({ text }) => text).join('\n');

function hostile(
  trouble: Trouble,
  options: { readonly programs: false; readonly isLong?: boolean },
  changes: { readonly sendHoldMs?: number; readonly holdSeconds?: number },
  play: (speaker: BgpSpeaker, lab: Lab) => Promise<void>,
): Scenario {
  const { holdSeconds = 3 } = changes;
  return scenario(`bgp/peer-${trouble}`, options, (lab) =>
    withRouter(lab, 'bird', { neighbours: [neighbour({ holdSeconds })] }, async () => {
      await lab.bgpTroublemakerOn(TROUBLEMAKER.host, trouble);
      const speaker = await lab.bgpSpeakerOn('n1');
      await speaker.ask({ do: 'peer', peer: peer({ holdSeconds }) });
      await speaker.established('router');
      const bad = { name: 'bad', address: TROUBLEMAKER.address, remoteAsn: ROUTER_ASN };
      await speaker.ask({ do: 'peer', peer: peer({ ...bad, ...changes }) });
      await play(speaker, lab);
      const { events, phase } = await speaker.peer('router');
      assert.is(phase, 'Established');
      assert.equal(
        events.map(({ text }) => text),
        ['established'],
        `beside ${trouble}`,
      );
    }),
  );
}
