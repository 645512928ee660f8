import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classOf } from '../support/cluster-objects.ts';
import { EDITIONS } from '../support/editions.ts';
import { creation, deletion, update, verdictOn } from './admission-bench.ts';

const sentence = (edition: string, consequence: string) =>
  `BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: ${consequence}`;
const TYPES = {
  BGP: 'nobody announces its IPs, which Services keep; type L2 announces them by ARP and NDP',
  L2AndBGP: 'its IPs are announced by ARP and NDP alone',
};
const edge = (type: string, spec: object = {}) => classOf('edge', { type, ...spec });
const NOTHING = { refusals: [], warnings: [] };

for (const [edition, hasBgp] of EDITIONS) {
  test(`in edition ${edition} a class that announces by BGP is ${hasBgp ? 'allowed' : 'refused'}, one of L2 allowed`, () => {
    for (const [type, consequence] of Object.entries(TYPES)) {
      const refusals = hasBgp ? [] : [sentence(edition, consequence)];
      const expected = { refusals, warnings: [] };
      assert.equal(verdictOn(creation(edge(type)), {}, { edition }), expected, `new ${type}`);
      const became = update(edge('L2'), edge(type));
      assert.equal(verdictOn(became, {}, { edition }), expected, `L2 that becomes ${type}`);
    }
    assert.equal(verdictOn(creation(edge('L2')), {}, { edition }), NOTHING);
  });
}

test('one that is there already can be edited, with a warning, made one of L2, and deleted', () => {
  const warnings = [sentence('CE', TYPES.L2AndBGP)];
  const edited = update(edge('BGP'), edge('L2AndBGP', { isDefault: true }));
  assert.equal(verdictOn(edited), { refusals: [], warnings });
  assert.equal(verdictOn(update(edge('BGP'), edge('L2'))), NOTHING);
  assert.equal(verdictOn(deletion(edge('BGP'))), NOTHING);
});

test('Deckhouse is warned, as its migration can change no settings', () => {
  const username = 'system:serviceaccount:d8-system:deckhouse';
  const warnings = [sentence('CE', TYPES.BGP)];
  assert.equal(verdictOn(creation(edge('BGP')), {}, { username }), { refusals: [], warnings });
});

test.run();
