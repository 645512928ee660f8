import { startLab } from './lab.ts';
import { becomeRoot } from './root.ts';

/** A lab without programs that stays until it is interrupted: to look around in by hand. */
becomeRoot();
const lab = await startLab();
process.stdout.write(
  `${lab.name}: ip netns exec ${lab.namespace('client')} bash. Ctrl-C ends it.\n`,
);
setInterval(() => {}, 60_000);
