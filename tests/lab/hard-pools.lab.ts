import * as assert from 'uvu/assert';
import { isSilentOn, tells } from '../../lab/condition.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { answeredBy, answeredByNobody, assignedIps, ready, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES, standardClasses } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import {
  classManifest,
  endpointSliceManifest,
  serviceManifest,
  serviceNamed,
} from '../../lab/workload.ts';
import { SERVICE_CONDITION } from '../../modules/metallb/src/api/conditions.ts';

type Family = (typeof STANDARD_SERVICES)[number];

/** Beside what the lab's standard classes hold. */
const PREFIX = { IPv4: '192.0.2.', IPv6: '2001:db8:2::' };

/** What administrators do to pools and classes while their addresses are in use. */
export const scenarios: readonly Scenario[] = [
  scenario('hard/pools-that-overlap-shrink-and-reassign', { isLong: true }, async (lab) => {
    for (const family of STANDARD_SERVICES) {
      await hasPool(lab, family, 'narrow', '120-123');
      await hasService(lab, family, 'narrow', 3);
      const [first = '', ...others] = await assignedIps(lab, nameOf(family, 'narrow'), 3);
      assert.equal([first, ...others], addresses(family, '120', '121', '122'));
      const all = await settled(lab);
      const firstNode = all.find((one) => one.ip === first)?.preferredNode ?? '';
      const observation = await observe(lab);

      await hasPool(lab, family, 'late', '123-124');
      await hasService(lab, family, 'late', 1);
      const late = classNamed(family, 'late');
      await tells(lab, late, {
        ...{ type: 'Accepted', status: 'False', reason: 'PoolsOverlap' },
        message: /expected no overlap with .*, which is in force/,
      });
      await complains(lab, family, 'late', SERVICE_CONDITION.ipsAssignable, /is not in force/);

      await hasPool(lab, family, 'narrow', '121-122');
      await tells(lab, late, { type: 'Accepted', status: 'True' });
      const waited = await assignedIps(lab, nameOf(family, 'late'), 1);
      assert.equal(waited, addresses(family, '123'), 'what one pool gave up is the other’s');
      await complains(lab, family, 'narrow', SERVICE_CONDITION.ipsInPool, /stays assigned/);
      await answeredBy(lab, first, firstNode);

      await hasPool(lab, family, 'narrow', '121-122', 'Reassign');
      assert.equal(await assignedIps(lab, nameOf(family, 'narrow'), 2), others);
      await answeredByNobody(lab, first);
      await isSilentOn(lab, serviceOf(family, 'narrow'), SERVICE_CONDITION.ipsInPool);
      await complains(lab, family, 'narrow', SERVICE_CONDITION.ipsAssignable, /2 of 2 used/);

      await hasPool(lab, family, 'narrow', '121-122 126', 'Reassign');
      const three = await assignedIps(lab, nameOf(family, 'narrow'), 3);
      assert.equal(three.sort(), addresses(family, '121', '122', '126'));
      await settled(lab);
      for (const one of (await observation.end()).outcomes) {
        if (!others.includes(one.ip)) continue;
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
        assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      }
    }
    return undefined;
  }),

  scenario('hard/released-ip-is-given-last', {}, async (lab) => {
    for (const family of STANDARD_SERVICES) {
      await hasPool(lab, family, 'small', '130-132');
      const given = async (name: string) => {
        await hasService(lab, family, 'small', 1, name);
        const [ip = ''] = await assignedIps(lab, nameOf(family, name), 1);
        return ip;
      };
      const [released] = addresses(family, '130');
      assert.is(await given('a'), released);
      await lab.cluster.delete(serviceOf(family, 'a'));
      await answeredByNobody(lab, released ?? '');
      const ips = [await given('b'), await given('c'), await given('d')];
      assert.equal(ips, addresses(family, '131', '132', '130'), 'the last for want of another');
    }
    await settled(lab);
    return undefined;
  }),

  scenario('hard/class-deleted-and-brought-back', { isLong: true }, async (lab) => {
    const all = await freshServices(lab);
    const observation = await observe(lab);
    for (const { className } of STANDARD_SERVICES) {
      await lab.cluster.delete({ kind: 'MetalLoadBalancerClass', name: className });
    }
    for (const service of STANDARD_SERVICES) {
      await tells(lab, serviceNamed(service.name), {
        ...{ type: SERVICE_CONDITION.classBound, status: 'False', reason: 'ClassNotFound' },
        message: /the public IPs stay as they are until it exists/,
      });
    }
    // Whoever starts now has never seen the class.
    await lab.controller.stop();
    lab.controller.start();
    await lab.program('n1').stop();
    lab.program('n1').start();
    await ready(lab, 'n1');
    await NODE_LOSS.strike(lab, 'n3');
    await observation.movedFrom(lab, 'n3');
    for (const one of (await observation.end()).outcomes) {
      if (one.preferredNode === 'n3') continue;
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
    }
    await NODE_LOSS.repair(lab, 'n3');
    await ready(lab, 'n3');
    const again = await observe(lab);
    await lab.cluster.apply(...standardClasses());
    for (const service of STANDARD_SERVICES) {
      const message = new RegExp(`^${service.className}$`);
      const bound = { type: SERVICE_CONDITION.classBound, status: 'True', message };
      await tells(lab, serviceNamed(service.name), bound);
    }
    assert.equal(await settled(lab), all, 'the same IPs, where they were');
    for (const one of (await again.end()).outcomes) assert.is(one.lost, 0, `${one.ip} lost`);
    return undefined;
  }),
];

function nameOf({ name }: Family, part: string): string {
  return `${part}-${name}`;
}

function classNamed(family: Family, part: string) {
  return { kind: 'MetalLoadBalancerClass', name: nameOf(family, part) };
}

function serviceOf(family: Family, part: string) {
  return serviceNamed(nameOf(family, part));
}

function addresses({ family }: Family, ...lastNumbers: readonly string[]): string[] {
  return lastNumbers.map((last) => `${PREFIX[family]}${last}`);
}

/** @param ranges of last numbers, such as `120-123 126` */
async function hasPool(
  lab: Lab,
  family: Family,
  part: string,
  ranges: string,
  whenOutOfPool?: 'Reassign',
): Promise<void> {
  const addressPool = ranges
    .split(' ')
    .map((range) => addresses(family, ...range.split('-')).join('-'));
  const name = nameOf(family, part);
  await lab.cluster.apply(
    classManifest({ name, addressPool, ...(whenOutOfPool && { whenOutOfPool }) }),
  );
}

async function hasService(
  lab: Lab,
  family: Family,
  className: string,
  count: number,
  part = className,
): Promise<void> {
  const service = { ...family, name: nameOf(family, part), className: nameOf(family, className) };
  await lab.cluster.apply(
    serviceManifest({ ...service, count }),
    endpointSliceManifest(service, [{ pod: 'backend', node: 'worker' }]),
  );
}

async function complains(
  lab: Lab,
  family: Family,
  part: string,
  type: string,
  message: RegExp,
): Promise<void> {
  await tells(lab, serviceOf(family, part), { type, status: 'False', message });
}
