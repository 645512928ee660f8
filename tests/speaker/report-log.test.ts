import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnnouncedReport } from '../../modules/metallb/src/duty/messages.ts';
import { logReport } from '../../modules/metallb/src/speaker/report-log.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { ip } from '../support/addresses.ts';

const announced: AnnouncedReport = {
  ...{ type: 'announced', ip: ip('192.0.2.10'), interface: 'eth0', sinceEpochMs: 0 },
  ...{ reason: 'Failback', from: undefined, darkMs: undefined, recentMoves: 0, unchanged: false },
};

function lineOf(report: AnnouncedReport): string {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ program: 'speaker', level: 'info', destination });
  logReport(log, report);
  return lines.join('');
}

test('the log names the reason of a move', () => {
  assert.match(lineOf(announced), /Failback.*"announcing address"/);
});

test('of an IP that a node that starts had before, no move is told', () => {
  const line = lineOf({ ...announced, unchanged: true });
  assert.match(line, 'still announcing address');
  assert.not.match(line, 'Failback');
});

test.run();
