import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { assertAnswers } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { neighbourMac, touch } from '../../lab/neighbours.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import {
  isAnnouncement,
  quarrelAbout,
  STRANGER_MAC,
  strangerHolds,
  tellsConflict,
} from './foreign-host.ts';

/** It is asked once a minute who else has an IP. */
const FOUND_WITHIN_MS = 65_000;
/** Longer than the burst of an announcement. */
const BURST_OVER_MS = 2_500;
const QUARREL_MS = 33_000;
/** Within ten seconds one defence (RFC 5227 §2.4 (c)), of two frames for IPv4; the rest is the announcement of each minute. */
const FRAMES_AT_MOST = { IPv4: 2 * 4 + 2, IPv6: 4 + 1 };
/** Three questions, ten seconds apart, stay without an answer. */
const OVER_WITHIN_MS = 45_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/a-host-takes-our-ips-in-silence-fights-and-goes',
    { isLong: true, deadlineMs: 240_000 },
    async (lab) => {
      const all = await freshServices(lab);
      const ours = all.filter((one) => one.preferredNode === 'n1');
      const ips = ours.map((one) => one.ip);
      await delay(BURST_OVER_MS);
      await strangerHolds(lab, 'add', ips);
      try {
        const found = { status: 'True', message: new RegExp(STRANGER_MAC) } as const;
        for (const ip of ips) {
          await tellsConflict(lab, ip, { ...found, deadlineMs: FOUND_WITHIN_MS });
        }
        assert.equal(await conflictsInMetrics(lab), [...ips].sort());
        const claims = await quarrelAbout(lab, ours, QUARREL_MS);
        for (const ip of ips) {
          const own = claims.filter((one) => one.ip === ip && one.mac === lab.macOf('n1'));
          const count = own.filter(isAnnouncement).length;
          const most = FRAMES_AT_MOST[ip.includes(':') ? 'IPv6' : 'IPv4'];
          assert.ok(count > 0 && count <= most, `${count} frames for ${ip} in ${QUARREL_MS} ms`);
          await tellsConflict(lab, ip, found);
        }
      } finally {
        await strangerHolds(lab, 'del', ips);
      }
      for (const ip of ips) {
        await tellsConflict(lab, ip, { status: 'False', deadlineMs: OVER_WITHIN_MS });
      }
      assert.equal(await conflictsInMetrics(lab), []);
      await assertAnswers(lab, all);
      await touch(lab.namespace('client'), ips);
      for (const ip of ips) {
        assert.is(await neighbourMac(lab.namespace('client'), ip), lab.macOf('n1'));
      }
      return undefined;
    },
  ),
];

/** The IPs that n1 counts as another host's too. */
async function conflictsInMetrics(lab: Lab): Promise<string[]> {
  const page = await fetchPage(lab.namespace('n1'), 'http://127.0.0.1:7474/metrics');
  const shown = page.body.matchAll(
    /^metallb_address_conflict\{ip="([^"]+)",interface="eth0"\} 1$/gm,
  );
  return [...shown].map(([, ip = '']) => ip).sort();
}
