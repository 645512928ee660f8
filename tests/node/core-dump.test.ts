import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundle } from '../support/bundle.ts';

const MODULE = 'modules/metallb/src/node/core-dump.ts';
const built = pathToFileURL((await bundle([MODULE]))(MODULE)).href;
const KEY = Buffer.from('a key that nobody is to read afterwards');
/** The key in hexadecimal: the program's text, which is in memory as well, does not hold the key itself. */
const CRASH = `const key = Buffer.from('${KEY.toString('hex')}', 'hex'); process.abort(key);`;
const SPARE = `import { leaveMemoryOutOfCoreDumps } from '${built}'; leaveMemoryOutOfCoreDumps();`;

/** What the kernel writes of a process that crashes; undefined where it writes none to a directory. */
function coreOf(program: string): Buffer | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'core-'));
  try {
    const script = 'ulimit -c unlimited && exec "$@"';
    const command = [process.execPath, '--input-type=module', '--eval', program];
    const { signal } = spawnSync('sh', ['-c', script, 'sh', ...command], { cwd: directory });
    assert.is(signal, 'SIGABRT');
    const [core] = readdirSync(directory);
    return core === undefined ? undefined : readFileSync(join(directory, core));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Into the working directory, and this process may ask for it. */
const dumpsHere =
  /^[^|/]+$/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim()) &&
  spawnSync('sh', ['-c', 'ulimit -c unlimited']).status === 0;

test('the filter keeps everything out, and holds for children', () => {
  const show = `import { execFileSync } from 'node:child_process';
    process.stdout.write(execFileSync('cat', ['/proc/self/coredump_filter']));`;
  const command = ['--input-type=module', '--eval', `${SPARE} ${show}`];
  assert.is(execFileSync(process.execPath, command, { encoding: 'utf8' }).trim(), '00000000');
});

if (dumpsHere) {
  test('a core dump without the filter holds the key, and none with it', () => {
    const [full, spared] = [coreOf(CRASH), coreOf(`${SPARE} ${CRASH}`)];
    assert.ok(full !== undefined && spared !== undefined, 'there are two dumps');
    assert.ok(full.includes(KEY), 'that the key would be there');
    assert.not(spared.includes(KEY));
    assert.ok(spared.length < full.length / 100, `${spared.length} bytes`);
  });
}

test.run();
