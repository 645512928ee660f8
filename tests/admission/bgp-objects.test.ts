import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AdmissionRequest } from '../../modules/metallb/src/admission/admission-review.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { collectionPath, knownKind } from '../../modules/metallb/src/kube/kinds.ts';
import { bgpPeer, ONE_OF_EACH } from '../support/bgp-objects.ts';
import { EDITIONS } from '../support/editions.ts';
import { creation, deletion, update, verdictOn } from './admission-bench.ts';

const DECKHOUSE = 'system:serviceaccount:d8-system:deckhouse';
const sentence = (edition: string) =>
  `BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: it has no effect; ARP and NDP are as they were`;

function resourceOf({ kind }: KubernetesObject): AdmissionRequest['resource'] {
  const [, , group = '', , resource = ''] = collectionPath({ kind: knownKind(kind) }).split('/');
  return { group, resource };
}

for (const [edition, hasBgp] of EDITIONS) {
  test(`in edition ${edition} a new object of BGP is ${hasBgp ? 'allowed' : 'refused'}, whichever it is`, () => {
    for (const object of ONE_OF_EACH) {
      const asked = { resource: resourceOf(object), edition };
      const { refusals, warnings } = verdictOn(creation(object), {}, asked);
      assert.equal(refusals, hasBgp ? [] : [sentence(edition)], object.kind);
      assert.equal(warnings, []);
    }
  });
}

const resource = resourceOf(bgpPeer('tor'));

test('one that is there already can be edited, with a warning, and deleted', () => {
  const [old, object] = [bgpPeer('tor'), bgpPeer('tor', { myASN: 64_999 })];
  assert.equal(verdictOn(update(old, object), {}, { resource }), {
    ...{ refusals: [], warnings: [sentence('CE')] },
  });
  assert.equal(verdictOn(deletion(old), {}, { resource }), { refusals: [], warnings: [] });
});

test('what does not count here is another MetalLB’s, and its status is never judged', () => {
  const elsewhere = bgpPeer('tor', {}, 'elsewhere');
  assert.equal(verdictOn(creation(elsewhere), {}, { resource }).refusals, []);
  const status = { resource, subResource: 'status' };
  assert.equal(verdictOn(creation(bgpPeer('tor')), {}, status).refusals, []);
});

test('Deckhouse’s migration is not stopped: it can’t change the settings that it makes objects of', () => {
  const asked = { resource, username: DECKHOUSE };
  assert.equal(verdictOn(creation(bgpPeer('tor')), {}, asked), {
    ...{ refusals: [], warnings: [sentence('CE')] },
  });
});

const misspelt = withAnnotation('bgp-ttl-security-hop', '1');
const NO_SUCH_NAME =
  'BGPPeer/metallb-system/tor: metadata.annotations[network.deckhouse.io/bgp-ttl-security-hop] is "1": expected another name: one of network.deckhouse.io/bgp-ttl-security-hops, network.deckhouse.io/bgp-passive, network.deckhouse.io/bgp-long-lived-stale-time';
const wrongValue = withAnnotation('bgp-ttl-security-hops', '0');
const WRONG_VALUE =
  'BGPPeer/metallb-system/tor: metadata.annotations[network.deckhouse.io/bgp-ttl-security-hops] is "0": expected an integer from 1 to 254';
const NOTHING = { refusals: [], warnings: [] };

for (const [what, object, problem] of [
  ['an annotation of no such name', misspelt, NO_SUCH_NAME],
  ['a wrong value', wrongValue, WRONG_VALUE],
] as const) {
  const asked = { resource, edition: 'EE' };

  test(`with BGP, ${what} is refused, in a new object and in one that is there`, () => {
    assert.equal(verdictOn(creation(object), {}, asked), { ...NOTHING, refusals: [problem] });
    const change = update(bgpPeer('tor'), object);
    assert.equal(verdictOn(change, {}, asked), { ...NOTHING, refusals: [problem] });
  });

  test(`with BGP, ${what} that is there already hinders no other change, and none elsewhere`, () => {
    const edited = { ...object, spec: { ...(object.spec as object), myASN: 64_999 } };
    assert.equal(verdictOn(update(object, edited), {}, asked), NOTHING);
    assert.equal(verdictOn(update(object, bgpPeer('tor')), {}, asked), NOTHING);
    assert.equal(verdictOn(deletion(object), {}, asked), NOTHING);
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: 'elsewhere' } };
    assert.equal(verdictOn(creation(elsewhere), {}, asked), NOTHING);
  });

  test(`with BGP, Deckhouse’s migration is told of ${what}, and not stopped`, () => {
    const verdict = verdictOn(creation(object), {}, { ...asked, username: DECKHOUSE });
    assert.equal(verdict, { ...NOTHING, warnings: [problem] });
  });
}

function withAnnotation(name: string, value: string): KubernetesObject {
  const object = bgpPeer('tor');
  const annotations = { [`network.deckhouse.io/${name}`]: value };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

test.run();
