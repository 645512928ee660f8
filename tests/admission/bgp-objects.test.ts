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

test.run();
