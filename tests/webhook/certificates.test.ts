import { X509Certificate } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { issueCertificate } from '../../modules/metallb/src/webhook/issue-certificate.ts';
import {
  type KeptCertificate,
  lifetimeOf,
  withoutExpired,
} from '../../modules/metallb/src/webhook/kept-certificate.ts';
import { DAY_MS } from './keeper-bench.ts';

const NOW = 1_700_000_000_000;
const DNS_NAMES = [
  'controller-webhook.d8-metallb.svc',
  'controller-webhook.d8-metallb.svc.cluster.local',
];
const issued = await issueCertificate({ dnsNames: DNS_NAMES, nowEpochMs: NOW });
const other = await issueCertificate({ dnsNames: DNS_NAMES, nowEpochMs: NOW + 30 * DAY_MS });
const leaf = new X509Certificate(issued.certificate);
const authority = new X509Certificate(issued.authorities);

test('a certificate is for the names that it was asked for, and for serving', () => {
  assert.is(leaf.subjectAltName, DNS_NAMES.map((name) => `DNS:${name}`).join(', '));
  assert.equal(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.is(leaf.ca, false);
  assert.equal(leaf.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
});

test('its authority signs certificates, this one too, and has another key', () => {
  assert.is(authority.ca, true);
  assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  assert.ok(authority.verify(authority.publicKey));
  assert.not(leaf.publicKey.equals(authority.publicKey));
});

test('both are valid for 90 days, and an hour before for API servers whose clocks are late', () => {
  for (const { validFrom, validTo } of [leaf, authority]) {
    assert.is(Date.parse(validFrom), NOW - 3_600_000);
    assert.is(Date.parse(validTo), NOW + 90 * DAY_MS);
  }
});

test('no two have a key, an authority or a serial number in common', () => {
  const second = new X509Certificate(other.certificate);
  assert.is.not(second.serialNumber, leaf.serialNumber);
  assert.is.not(second.issuer, leaf.issuer);
  assert.not(second.publicKey.equals(leaf.publicKey));
});

test('it is to be renewed when two thirds of its life are over', () => {
  const lifeMs = 90 * DAY_MS + 3_600_000;
  assert.equal(lifetimeOf(issued, DNS_NAMES), {
    renewAt: NOW - 3_600_000 + (lifeMs * 2) / 3,
    expiresAt: NOW + 90 * DAY_MS,
  });
});

const faults: [name: string, kept: KeptCertificate, names: readonly string[], fault: string][] = [
  ['no certificate', { ...issued, certificate: '' }, DNS_NAMES, 'its PEM text is damaged'],
  [
    'a key cut short',
    { ...issued, privateKey: issued.privateKey.slice(0, 60) },
    DNS_NAMES,
    'its PEM text is damaged',
  ],
  [
    'the key of another one',
    { ...issued, privateKey: other.privateKey },
    DNS_NAMES,
    'its private key is another one',
  ],
  [
    'the authority of another one',
    { ...issued, authorities: other.authorities },
    DNS_NAMES,
    'its authority is missing',
  ],
  ['no authority', { ...issued, authorities: '' }, DNS_NAMES, 'its authority is missing'],
  [
    'another namespace',
    issued,
    ['controller-webhook.metallb.svc'],
    'it is not for controller-webhook.metallb.svc',
  ],
];
for (const [name, kept, names, fault] of faults) {
  test(`a certificate with ${name} is not served`, () => {
    assert.is(lifetimeOf(kept, names), fault);
  });
}

test('its authority may stand behind others', () => {
  const authorities = `${other.authorities}${issued.authorities}`;
  assert.is.not(typeof lifetimeOf({ ...issued, authorities }, DNS_NAMES), 'string');
});

test('expired authorities and repetitions are left out', () => {
  const all = `${other.authorities}${issued.authorities}${other.authorities}`;
  assert.is(withoutExpired(all, NOW), `${other.authorities}${issued.authorities}`);
  assert.is(withoutExpired(all, NOW + 90 * DAY_MS), other.authorities);
  assert.is(withoutExpired(all, NOW + 120 * DAY_MS), '');
});

test('a damaged authority behind a good one is left out, so that the certificate can be renewed', () => {
  const damaged = other.authorities.replace('MII', '???');
  const authorities = `${issued.authorities}${damaged}`;
  assert.is.not(typeof lifetimeOf({ ...issued, authorities }, DNS_NAMES), 'string');
  assert.is(withoutExpired(authorities, NOW), issued.authorities);
});

test.run();
