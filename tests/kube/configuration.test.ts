import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findConfiguration } from '../../modules/metallb/src/kube/configuration.ts';

interface Bench {
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
}

const test = suite<Bench>('configuration');

test.before.each((context) => {
  const home = mkdtempSync(join(tmpdir(), 'kube-home-'));
  const environment = { HOME: process.env['HOME'], KUBECONFIG: process.env['KUBECONFIG'] };
  process.env['HOME'] = home;
  delete process.env['KUBECONFIG'];
  Object.assign(context, { home, environment });
});

test.after.each(({ home, environment }) => {
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(home, { recursive: true });
});

function kubeconfig(name: string, { server = `https://${name}:6443`, user = {} } = {}): string {
  return JSON.stringify({
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, namespace: `of-${name}` } }],
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user }],
  });
}

test('without any configuration, all places that were looked at are named', ({ home }) => {
  const places = `KUBECONFIG is not set, .*serviceaccount/token is not there .*${home}/.kube/config`;
  assert.throws(() => findConfiguration({}), new RegExp(places));
});

test('the configuration at home is taken, and KUBECONFIG before it', ({ home }) => {
  mkdirSync(join(home, '.kube'));
  writeFileSync(join(home, '.kube', 'config'), kubeconfig('home'));
  assert.is(findConfiguration({}).server, 'https://home:6443');
  const [first, second] = [join(home, 'first'), join(home, 'second')];
  writeFileSync(first, kubeconfig('first', { server: 'https://first:6443/' }));
  writeFileSync(second, kubeconfig('second'));
  process.env['KUBECONFIG'] = `${first}:${second}`;
  const { server, namespace } = findConfiguration({});
  assert.equal([server, namespace], ['https://first:6443', 'of-first']);
  assert.is(findConfiguration({ kubeconfig: second }).server, 'https://second:6443');
});

test('the token of a file beside the configuration is followed', async ({ home }) => {
  const file = join(home, 'config');
  writeFileSync(file, kubeconfig('c', { user: { tokenFile: 'token', token: 'stale' } }));
  writeFileSync(join(home, 'token'), 'from-file');
  const request: RequestOptions = {};
  await findConfiguration({ kubeconfig: file }).authenticate(request);
  assert.equal(request.headers, { Authorization: 'Bearer from-file' });
});

const WRONG: [what: string, text: string, complaint: RegExp][] = [
  ['nothing in it', '', /config can't be read: .*expected clusters, users and contexts/],
  ['half a document', '{"a": [', /config can't be read: /],
  [
    'no context',
    '{"clusters": [], "users": [], "contexts": []}',
    /current-context .* leads to no cluster/,
  ],
  [
    'a server without a scheme',
    kubeconfig('c', { server: '10.0.0.1:6443' }),
    /the cluster's server is "10\.0\.0\.1:6443"; expected a URL such as https:\/\//,
  ],
];
for (const [what, text, complaint] of WRONG) {
  test(`a configuration with ${what} is refused in words`, ({ home }) => {
    const file = join(home, 'config');
    writeFileSync(file, text);
    let message = '';
    try {
      findConfiguration({ kubeconfig: file });
    } catch (error) {
      message = String(error);
    }
    assert.match(message, complaint);
    assert.match(message, /^ConfigurationError/);
  });
}

test.run();
