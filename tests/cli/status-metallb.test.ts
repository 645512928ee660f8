import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  type ClusterSnapshot,
  snapshotFrom,
} from '../../modules/metallb/src/cli/cluster-snapshot.ts';
import { formatRecords, recordsOf } from '../../modules/metallb/src/cli/dns-records.ts';
import { CommandFailure } from '../../modules/metallb/src/cli/failure.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { findServices } from '../../modules/metallb/src/cli/service-lookup.ts';
import { reportStatus } from '../../modules/metallb/src/cli/status-report.ts';
import { formatStatus } from '../../modules/metallb/src/cli/status-text.ts';
import { bgpPeer, serviceBgpStatus } from '../support/bgp-objects.ts';
import { node, service } from '../support/cluster-objects.ts';
import {
  ipAddressPool,
  l2Advertisement,
  nodeState,
  plainService,
  serviceL2Status,
} from '../support/metallb-objects.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const SINCE = '2026-01-01T11:56:30.123Z';
const home = { node: 'n1', since: SINCE, reason: 'Assigned', recentMoves: 1 };

const textOf = (snapshot: ClusterSnapshot) =>
  formatStatus(reportStatus(snapshot), { paint: plain, nowEpochMs: NOW });

function conditionOf(type: string, status: string, reason: string, message: string) {
  return { type, status, reason, message, lastTransitionTime: SINCE };
}

/** What there is of MetalLB's API, in the order in which a store may have it. */
function metallbCluster(...objects: readonly KubernetesObject[]): ClusterSnapshot {
  return snapshotFrom({ objects, problems: [] });
}

const WITH_POOL = { 'metallb.io/ip-allocated-from-pool': 'public' };
const POOL_BOUND = conditionOf('metallb.io/ip-address-pool', 'True', 'IPAddressPoolBound', 'it is');

/** As the controller leaves a Service of MetalLB's API. */
function servedByPool(name: string, ingress: readonly string[], conditions = [POOL_BOUND]) {
  const object = plainService(name, { annotations: ingress.length > 0 ? WITH_POOL : {}, ingress });
  return { ...object, status: { ...(object.status as object), conditions } };
}

function countedPool(name: string, counters: object, conditions: object[] = []) {
  return { ...ipAddressPool(name, ['192.0.2.0/28']), status: { ...counters, conditions } };
}

function announcedBy(service: string, ip: string, announcer: object) {
  const object = serviceL2Status(`l2-${ip}`, service, ip);
  return { ...object, status: { ...(object.status as object), announcer } };
}

const UNADVERTISED = conditionOf('Advertised', 'False', 'NoAdvertisement', 'nobody answers');
const COUNTED = { assignedIPv4: 3, availableIPv4: 13, assignedIPv6: 0, availableIPv6: 0 };

test("of MetalLB's API: pools with what is used of them, then each IP with its pool and who answers for it", () => {
  const snapshot = metallbCluster(
    servedByPool('web', ['192.0.2.2', '192.0.2.1']),
    servedByPool('mail', [], [conditionOf(POOL_BOUND.type, 'False', 'PoolExhausted', 'none free')]),
    service('foreign'),
    countedPool('public', COUNTED),
    countedPool('hidden', { availableIPv6: 2 ** 63 }, [UNADVERTISED]),
    announcedBy('web', '192.0.2.2', { ...home, reason: 'Takeover' }),
    announcedBy('other', '192.0.2.1', home),
  );
  assert.equal(textOf(snapshot), [
    'POOL                   AUTO ASSIGN  IPV4 USED  IPV6 USED                 PROBLEMS',
    'metallb-system/hidden  yes          -          0 of 9223372036854776000  1',
    'metallb-system/public  yes          3 of 16    -',
    '',
    'SERVICE       IP         POOL    ANNOUNCER  SINCE                             WHY',
    'default/mail  none       -       -          -                                 -',
    'default/web   192.0.2.1  public  nobody     -                                 -',
    '              192.0.2.2  public  n1         3 min ago (2026-01-01T11:56:30Z)  Takeover: the node before failed',
    '',
    'PROBLEMS',
    'pool metallb-system/hidden: NoAdvertisement: nobody answers',
    'Service default/mail: PoolExhausted: none free',
  ]);
});

test("a Service of MetalLB's API is found by its IP, alone with its pool", () => {
  const snapshot = metallbCluster(
    servedByPool('web', ['192.0.2.1']),
    servedByPool('api', ['192.0.2.2']),
    countedPool('public', COUNTED),
    countedPool('other', COUNTED),
  );
  const report = reportStatus(snapshot, '192.0.2.2');
  assert.equal(
    report.services.map((one) => [one.service, one.servedBy, one.pool]),
    [['default/api', 'metallb', 'public']],
  );
  assert.equal(
    report.pools.map(({ pool }) => pool),
    ['metallb-system/public'],
  );
});

test('who announces a Service by BGP is told, and that IP is not nobody’s', () => {
  const snapshot = metallbCluster(
    servedByPool('web', ['192.0.2.1']),
    servedByPool('api', ['192.0.2.2']),
    countedPool('public', COUNTED),
    ...[
      serviceBgpStatus('web', 'n2'),
      serviceBgpStatus('web', 'n1'),
      serviceBgpStatus('gone', 'n1'),
    ],
  );
  assert.equal(textOf(snapshot).slice(3), [
    'SERVICE      IP         POOL    ANNOUNCER  SINCE  WHY',
    'default/api  192.0.2.2  public  nobody     -      -',
    'default/web  192.0.2.1  public  BGP        -      -',
    '',
    'ANNOUNCED BY BGP  NODE  TO',
    'default/web       n1    tor',
    '                  n2    tor',
  ]);
  assert.equal(
    reportStatus(snapshot).services.map(({ routes }) => routes),
    [
      [],
      [
        { node: 'n1', peers: ['tor'], isSilent: false },
        { node: 'n2', peers: ['tor'], isSilent: false },
      ],
    ],
  );
});

test('of a node that is not heard of nobody reads that it announces', () => {
  const unheard = {
    ...node('n1'),
    status: { conditions: [conditionOf('Ready', 'Unknown', 'NodeStatusUnknown', '')] },
  };
  const snapshot = metallbCluster(
    ...[unheard, node('n2')],
    ...[servedByPool('web', ['192.0.2.1']), servedByPool('api', ['192.0.2.2'])],
    ...[
      serviceBgpStatus('web', 'n1'),
      serviceBgpStatus('api', 'n1'),
      serviceBgpStatus('api', 'n2'),
    ],
  );
  assert.equal(textOf(snapshot).slice(-8), [
    'SERVICE      IP         POOL    ANNOUNCER  SINCE  WHY',
    'default/api  192.0.2.2  public  BGP        -      -',
    'default/web  192.0.2.1  public  unknown    -      -',
    '',
    'ANNOUNCED BY BGP  NODE  TO',
    'default/api       n1    unknown, last told tor',
    '                  n2    tor',
    'default/web       n1    unknown, last told tor',
  ]);
});

test('an object of BGP in an edition without is a line', () => {
  const refused = {
    ...bgpPeer('tor'),
    status: { conditions: [conditionOf('Accepted', 'False', 'EditionRequired', 'BGP needs more')] },
  };
  const lines = textOf(metallbCluster(refused, bgpPeer('other'), l2Advertisement('all')));
  assert.equal(lines.slice(-2), [
    'PROBLEMS',
    'BGPPeer metallb-system/tor: EditionRequired: BGP needs more',
  ]);
});

test("what advertisements and programs of MetalLB's API complain about is told", () => {
  const invalid = {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState' },
    ...{ metadata: { ...ipAddressPool('controller', []).metadata, name: 'controller' } },
    status: { result: 'Invalid', errorSummary: 'pools overlap' },
  };
  const unwatched = {
    ...l2Advertisement('elsewhere', { namespace: 'web' }),
    status: { conditions: [conditionOf('Accepted', 'False', 'NotWatched', 'put it there')] },
  };
  const lines = textOf(metallbCluster(invalid, unwatched, l2Advertisement('all')));
  assert.equal(lines.slice(-2), [
    'ConfigurationState metallb-system/controller: pools overlap',
    'L2Advertisement web/elsewhere: NotWatched: put it there',
  ]);
});

test('sessions with routers are told, up or not, with what each router was told', () => {
  const nodeOf = (name: string, ready = 'True') => ({
    ...node(name),
    status: {
      conditions: [{ ...conditionOf('Ready', ready, 'K', ''), lastTransitionTime: SINCE }],
    },
  });
  const tor = { peer: 'tor', neighbor: '172.16.1.1', prefixes: 12, why: '', since: SINCE };
  const spine = { ...tor, peer: 'spine', neighbor: '2001:db8::1' };
  const snapshot = metallbCluster(
    ...[nodeOf('n1'), nodeOf('n2'), nodeOf('n3', 'Unknown')],
    nodeState('n2', [{ ...tor, prefixes: undefined, why: 'no answer' }]),
    ...[nodeState('n1', [tor, spine]), nodeState('n3', [tor]), nodeState('gone', [tor])],
  );
  const at = '3 min ago (2026-01-01T11:56:30Z)';
  assert.equal(textOf(snapshot).slice(-5), [
    'BGP SESSION  ROUTER       NODE  STATE    SINCE                             PREFIXES',
    `spine        2001:db8::1  n1    up       ${at}  12`,
    `tor          172.16.1.1   n1    up       ${at}  12`,
    `                          n2    down     ${at}  -`,
    `                          n3    unknown  ${at}  12`,
  ]);
  const [first] = reportStatus(snapshot).sessions;
  assert.equal(first, { ...spine, node: 'n1', state: 'up' });
});

test('what a speaker told that is not there, or not ready, may be over', () => {
  const tor = { peer: 'tor', neighbor: '172.16.1.1', prefixes: 12, why: '', since: SINCE };
  const names = ['n1', 'n2', 'n3'];
  const snapshot = metallbCluster(
    ...names.map((name) => node(name)),
    ...names.map((name) => nodeState(name, [tor])),
  );
  const statesWith = (speakers: ClusterSnapshot['speakers']) =>
    reportStatus({ ...snapshot, speakers }).sessions.map(({ state }) => state);
  const podOf = (on: string, isReady: boolean) => ({
    ...{ namespace: 'metallb-system', name: `speaker-${on}`, node: on, isReady },
  });
  assert.equal(statesWith([podOf('n1', true), podOf('n2', false)]), ['up', 'unknown', 'unknown']);
  const replaced = [podOf('n1', false), podOf('n1', true)];
  assert.equal(statesWith(replaced), ['up', 'unknown', 'unknown'], 'one follows another');
  assert.equal(statesWith(undefined), ['up', 'up', 'up'], 'where nobody can tell');
});

test('what an edition refuses of an old ConfigMap is told, beside what is wrong with it', () => {
  const state = {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ConfigurationState' },
    ...{ metadata: { ...ipAddressPool('controller', []).metadata, name: 'controller' } },
    status: {
      ...{ result: 'Invalid', errorSummary: 'pools overlap' },
      conditions: [
        conditionOf('poolReconcilerValid', 'False', 'ConfigurationError', 'pools overlap'),
        conditionOf('Accepted', 'False', 'EditionRequired', 'peers: BGP needs more'),
      ],
    },
  };
  assert.equal(textOf(metallbCluster(state)).slice(-2), [
    'ConfigurationState metallb-system/controller: pools overlap',
    'ConfigurationState metallb-system/controller: EditionRequired: peers: BGP needs more',
  ]);
});

test("records of a Service of MetalLB's API, of both families", () => {
  const snapshot = metallbCluster(
    servedByPool('nginx', ['2001:db8::1', '192.0.2.1']),
    announcedBy('nginx', '192.0.2.1', home),
  );
  const [served] = findServices(snapshot, 'nginx');
  assert.ok(served);
  assert.equal(served && formatRecords(recordsOf(served, { ttlSeconds: 60 })), [
    '; no node answers for 2001:db8::1 yet',
    'nginx  60  IN  A     192.0.2.1',
    'nginx  60  IN  AAAA  2001:db8::1',
  ]);
});

test('a Service that nobody has taken up yet is told so', () => {
  const snapshot = metallbCluster(plainService('web'), countedPool('public', COUNTED));
  assert.throws(
    () => findServices(snapshot, 'web'),
    (error: unknown) =>
      error instanceof CommandFailure &&
      error.message ===
        "Service default/web is for MetalLB's API, and the controller has not taken it up yet: is it running?",
  );
});

test.run();
