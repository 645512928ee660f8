import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { afterHearing } from '../../modules/metallb/src/bfd/state.ts';
import { BFD_STATES } from '../../modules/metallb/src/packet/bfd.ts';

/** RFC 5880 §6.2 and §6.8.6: our state, then what it becomes on hearing AdminDown, Down, Init and Up; `-` stays. */
const ROWS = {
  AdminDown: ['-', '-', '-', '-'],
  Down: ['-', 'Init 0', 'Up 0', '-'],
  Init: ['Down 3', '-', 'Up 0', 'Up 0'],
  Up: ['Down 3', 'Down 3', '-', '-'],
} as const;

for (const local of BFD_STATES) {
  BFD_STATES.forEach((remote, column) => {
    const expected = ROWS[local][column];
    test(`${local}, hearing ${remote}: ${expected === '-' ? 'stays' : expected}`, () => {
      const after = afterHearing(local, remote);
      assert.is(after === undefined ? '-' : `${after.state} ${after.diagnostic}`, expected);
    });
  });
}

test.run();
