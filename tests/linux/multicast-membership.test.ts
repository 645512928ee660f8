import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  openGroupSocket,
  SolicitedNodeGroups,
} from '../../modules/metallb/src/linux/multicast-membership.ts';
import { ip } from '../support/addresses.ts';
import { FakeClock } from '../support/fake-clock.ts';

const IP = ip('2001:db8::1');
const GROUP = 'ff02::1:ff00:1';
/** Other prefix, same low 24 bits. */
const SAME_GROUP = ip('2001:db8:1::1');
const FIRST_RETRY_MS = 500;
const LONGEST_MS = 30_000;

/** Groups of an interface whose kernel refuses joins while a test wants it to. */
function groups() {
  const clock = new FakeClock();
  const kernel = { refuses: false, attempts: 0, sockets: 0, joined: [] as string[] };
  const errors: string[] = [];
  const all = new SolicitedNodeGroups('eth0', {
    clock,
    random: () => 0,
    openSocket() {
      kernel.sockets += 1;
      return {
        addMembership(group) {
          kernel.attempts += 1;
          if (kernel.refuses) throw new Error('ENODEV');
          kernel.joined.push(group);
        },
        dropMembership(group) {
          if (kernel.refuses) throw new Error('EADDRNOTAVAIL');
          kernel.joined = kernel.joined.filter((each) => each !== group);
        },
      };
    },
    onError: (error) => errors.push(error.message),
  });
  return { all, clock, kernel, errors };
}

test('IPs with the same low 24 bits share one membership', () => {
  const { all, kernel } = groups();
  for (const address of [IP, SAME_GROUP, IP]) all.add(address);
  assert.equal(kernel.joined, [GROUP]);
  all.remove(IP);
  assert.equal(kernel.joined, [GROUP]);
  all.remove(SAME_GROUP);
  all.remove(SAME_GROUP);
  assert.equal(kernel.joined, []);
});

const address = (index: number) => ip(`2001:db8::${index.toString(16)}`);

test('no socket is given more groups than one holds on any kernel', () => {
  const clock = new FakeClock();
  const sizes: number[] = [];
  const errors: Error[] = [];
  const all = new SolicitedNodeGroups('eth0', {
    clock,
    random: () => 0,
    openSocket() {
      const place = sizes.push(0) - 1;
      return {
        addMembership() {
          // What the kernel says at a net.core.optmem_max of 20,480.
          if ((sizes[place] ?? 0) >= 365) throw new Error('ENOMEM');
          sizes[place] = (sizes[place] ?? 0) + 1;
        },
        dropMembership: () => undefined,
      };
    },
    onError: (error) => errors.push(error),
  });
  for (let index = 1; index <= 1_000; index += 1) all.add(address(index));
  clock.advance(10_000);
  assert.is(
    sizes.reduce((sum, size) => sum + size),
    1_000,
  );
  assert.equal(errors, []);
});

test('hundreds are joined one after the other, and those that nobody wants any more are left out', () => {
  const { all, clock, kernel } = groups();
  for (let index = 1; index <= 100; index += 1) all.add(address(index));
  assert.is(kernel.joined.length, 20);
  all.remove(address(100));
  clock.advance(100);
  assert.is(kernel.joined.length, 40);
  clock.advance(1_000);
  assert.is(kernel.joined.length, 99);
  all.add(address(101));
  assert.is(kernel.joined.length, 100, 'a single one at once');
});

test('hundreds are left one after the other, and what is wanted again in the meantime stays joined', () => {
  const { all, clock, kernel } = groups();
  for (let index = 1; index <= 100; index += 1) all.add(address(index));
  clock.advance(1_000);
  for (let index = 1; index <= 100; index += 1) all.remove(address(index));
  assert.is(kernel.joined.length, 80);
  all.add(address(100));
  clock.advance(100);
  assert.is(kernel.joined.length, 60);
  clock.advance(1_000);
  assert.is(kernel.joined.length, 1);
  assert.is(kernel.attempts, 100);
});

test('what failed together is not tried again at once', () => {
  const { all, clock, kernel, errors } = groups();
  kernel.refuses = true;
  for (let index = 1; index <= 100; index += 1) all.add(address(index));
  clock.advance(450);
  kernel.refuses = false;
  clock.advance(FIRST_RETRY_MS - 450);
  assert.is(kernel.joined.length, 20);
  clock.advance(1_000);
  assert.is(kernel.joined.length, 100);
  assert.is(errors.length, 100);
});

test('a socket takes only so many groups, and what leaves makes room', () => {
  const { all, clock, kernel } = groups();
  for (let index = 1; index <= 501; index += 1) all.add(address(index));
  clock.advance(3_000);
  assert.is(kernel.sockets, 2);
  all.remove(address(1));
  all.add(address(502));
  assert.is(kernel.sockets, 2);
});

test('a failed join is told once and tried again until it succeeds', () => {
  const { all, clock, kernel, errors } = groups();
  kernel.refuses = true;
  all.add(IP);
  clock.advance(10 * LONGEST_MS);
  assert.equal(errors, [`can't join ${GROUP} on eth0`]);
  assert.ok(kernel.attempts > 10, 'again and again');
  assert.ok(kernel.attempts < 30, 'with growing delays');
  kernel.refuses = false;
  clock.advance(LONGEST_MS);
  assert.equal(kernel.joined, [GROUP]);
  const { attempts } = kernel;
  clock.advance(10 * LONGEST_MS);
  assert.is(kernel.attempts, attempts, 'and then no more');
});

test('after a success the next failure is told and tried again soon', () => {
  const { all, clock, kernel, errors } = groups();
  kernel.refuses = true;
  all.add(IP);
  clock.advance(LONGEST_MS);
  kernel.refuses = false;
  clock.advance(LONGEST_MS);
  kernel.refuses = true;
  all.remove(IP);
  all.add(IP);
  assert.is(errors.length, 2);
  kernel.refuses = false;
  kernel.joined = [];
  clock.advance(FIRST_RETRY_MS);
  assert.equal(kernel.joined, [GROUP]);
});

test('what is no longer wanted is not tried again', () => {
  const { all, clock, kernel } = groups();
  kernel.refuses = true;
  all.add(IP);
  all.remove(IP);
  kernel.refuses = false;
  clock.advance(LONGEST_MS);
  assert.equal([kernel.attempts, kernel.joined], [1, []]);
});

test('what the kernel refuses is known at once', () => {
  const noGroup = '2001:db8::1';
  assert.throws(() => openGroupSocket('lo').addMembership(noGroup), /EINVAL/);
});

test.run();
