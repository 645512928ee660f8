import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Member } from '../../modules/metallb/src/duty/duty.ts';
import { policyOfClass } from '../../modules/metallb/src/duty/group-policy.ts';
import { viewGroup } from '../../modules/metallb/src/duty/node-group.ts';
import { balancerClass, balancerNode, classOf, nodeOf } from '../support/cluster.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
const policy = policyOfClass(classOf(balancerClass('ingress', { interfaces: ['eth1'] })));
const ready = nodeOf(balancerNode('ready'));
const notReady = (name: string, since = '2026-05-01T11:58:59Z', status = 'False') =>
  nodeOf(balancerNode(name, { ready: { status, since } }));
const readySince = (name: string, since: string) =>
  nodeOf(balancerNode(name, { ready: { status: 'True', since } }));
const silent = nodeOf({ ...balancerNode('silent'), status: {} });
const excluded = nodeOf(balancerNode('excluded', { labels: { [LABEL]: '' } }));
const here = { epochMs: NOW, connected: true };
const lost = { epochMs: NOW, connected: false };

test('members are the nodes that the selector matches, by name, with the interfaces of the class', () => {
  const nodes = ['b', 'a'].map((name) => nodeOf(balancerNode(name)));
  const foreign = nodeOf(balancerNode('c', { role: 'other' }));
  const { group } = viewGroup(policy, [...nodes, foreign], here);
  assert.equal(group, {
    id: 'ingress',
    interfaces: ['eth1'],
    members: [
      { node: 'a', excluded: false, ready: 'ready' },
      { node: 'b', excluded: false, ready: 'ready' },
    ],
  });
});

const others = [ready, nodeOf(balancerNode('other')), nodeOf(balancerNode('third'))];
const readiness: [string, Parameters<typeof viewGroup>[1], typeof here, string, Member['ready']][] =
  [
    ['not Ready for 61 s', [notReady('x'), ...others], here, 'x', 'not-ready'],
    ['not Ready for 59 s', [notReady('x', '2026-05-01T11:59:01Z'), ...others], here, 'x', 'ready'],
    ['Unknown for 61 s', [notReady('x', undefined, 'Unknown'), ...others], here, 'x', 'not-ready'],
    ['not Ready since nobody knows when', [notReady('x', ''), ...others], here, 'x', 'not-ready'],
    ['without a Ready condition', [silent, ...others], here, 'silent', 'unknown'],
    [
      'not Ready like half of the group',
      [notReady('x'), notReady('y'), ready, silent],
      here,
      'x',
      'not-ready',
    ],
    ['not Ready like two of three', [notReady('x'), notReady('y'), ready], here, 'x', 'ready'],
    [
      'not Ready for long, when another of three has just ceased to be',
      [notReady('x'), notReady('y', '2026-05-01T11:59:55Z'), ready],
      here,
      'x',
      'ready',
    ],
    [
      'not Ready for long, when one of three has just become Ready again',
      [notReady('x'), readySince('y', '2026-05-01T11:59:55Z'), ready],
      here,
      'x',
      'ready',
    ],
    [
      'not Ready for long, when others became Ready again a minute ago',
      [notReady('x', '2026-05-01T11:50:00Z'), readySince('y', '2026-05-01T11:58:59Z'), ready],
      here,
      'x',
      'not-ready',
    ],
    ['Ready when the store was lost', [ready, ...others], lost, 'ready', 'unknown'],
    ['not Ready when the store was lost', [notReady('x'), ...others], lost, 'x', 'not-ready'],
  ];
for (const [name, nodes, moment, node, expected] of readiness) {
  test(`a node ${name} is ${expected}`, () => {
    const { members } = viewGroup(policy, nodes, moment).group;
    assert.is(members.find((member) => member.node === node)?.ready, expected);
  });
}

test('the group changes by itself when the grace of a node ends', () => {
  const view = viewGroup(policy, [notReady('x', '2026-05-01T11:59:30Z'), ready], here);
  assert.is(view.changesAtEpochMs, NOW + 30_000);
  assert.is(viewGroup(policy, [notReady('x'), ready], here).changesAtEpochMs, undefined);
});

test('nodes that go one after the other in an outage of the control plane never count as not Ready', () => {
  const going = ['58:00', '58:05', '58:10'].map((at, index) =>
    notReady(`n${index}`, `2026-05-01T11:${at}Z`),
  );
  const coming = going.map((node, index) =>
    index === 2 ? node : readySince(`n${index}`, '2026-05-01T11:59:50Z'),
  );
  for (let second = 0; second <= 60; second += 1) {
    const moment = {
      epochMs: Date.parse('2026-05-01T11:58:50Z') + second * 1_000,
      connected: true,
    };
    const nodes = second < 60 ? going : coming;
    const members = viewGroup(policy, nodes, moment).group.members;
    assert.equal(
      [...new Set(members.map((member) => member.ready))],
      ['ready'],
      `second ${second}`,
    );
  }
});

test('a node that stays away when the others are back counts as such a minute after them', () => {
  const nodes = [notReady('x'), readySince('y', '2026-05-01T11:59:30Z'), ready];
  assert.is(viewGroup(policy, nodes, here).changesAtEpochMs, NOW + 30_000);
});

test('the exclude label marks a member unless the class ignores it', () => {
  const ignoring = policyOfClass(classOf(balancerClass('ingress', { ignoreExcludeLabel: true })));
  assert.is(viewGroup(policy, [excluded], here).group.members[0]?.excluded, true);
  assert.is(viewGroup(ignoring, [excluded], here).group.members[0]?.excluded, false);
});

test.run();
