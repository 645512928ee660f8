import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePasswordSecret } from '../../modules/metallb/src/api/password-secret.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const stamp = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function secret(rest: object) {
  const metadata = { namespace: 'metallb-system', name: 'router', ...stamp };
  const type = 'kubernetes.io/basic-auth';
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, ...rest };
}

function passwordsOf(rest: object): readonly string[] | undefined {
  const parsed = parsePasswordSecret(secret(rest));
  return parsed.ok ? parsed.value.passwords : undefined;
}

test('the password comes first, then the one that the router may still have', () => {
  const data = { password: base64('new'), passwordPrevious: base64('old') };
  assert.equal(passwordsOf({ data }), ['new', 'old']);
  assert.equal(passwordsOf({ data: { password: base64('schlüssel') } }), ['schlüssel']);
  assert.equal(passwordsOf({ stringData: { password: 'written' } }), ['written']);
  const alike = { password: base64('one'), passwordPrevious: base64('one') };
  assert.equal(passwordsOf({ data: alike }), ['one']);
});

test('what can not be used is none: nothing stands in for it', () => {
  const tooLong = base64('ü'.repeat(41));
  const longest = 'ü'.repeat(40);
  assert.equal(passwordsOf({ data: { password: base64(longest) } }), [longest]);
  for (const data of [
    {},
    { password: '' },
    { password: tooLong },
    { password: 'no base64!' },
    { password: '/w==' },
    { passwordPrevious: base64('old') },
  ]) {
    assert.equal(passwordsOf({ data }), [], JSON.stringify(data));
  }
  const data = { password: base64('new') };
  assert.equal(passwordsOf({ data: { ...data, passwordPrevious: tooLong } }), ['new']);
});

test('what is wrong is told without what the Secret holds', () => {
  const parsed = parsePasswordSecret(secret({ kind: 'ConfigMap', data: { password: 'hunter2' } }));
  assert.not.ok(parsed.ok);
  assert.not.match(JSON.stringify(parsed), /hunter2/);
});

test.run();
