import type { Target } from './target.ts';
import { ANSWER_TARGETS } from './targets/answers.ts';
import { BFD_TARGETS } from './targets/bfd.ts';
import { BGP_TARGETS } from './targets/bgp.ts';
import { COMMAND_TARGETS } from './targets/commands.ts';
import { FILE_TARGETS } from './targets/files.ts';
import { MESSAGE_TARGETS } from './targets/messages.ts';
import { OBJECT_TARGETS } from './targets/objects.ts';
import { PACKET_TARGETS } from './targets/packets.ts';
import { REACHABILITY_TARGETS } from './targets/reachability.ts';
import { TEXT_TARGETS } from './targets/texts.ts';
import { WIRE_TARGETS } from './targets/wire.ts';

/** Every decoder of something that comes from outside a process. */
export const TARGETS: readonly Target[] = [
  ...PACKET_TARGETS,
  ...BGP_TARGETS,
  ...BFD_TARGETS,
  ...WIRE_TARGETS,
  ...REACHABILITY_TARGETS,
  ...MESSAGE_TARGETS,
  ...COMMAND_TARGETS,
  ...TEXT_TARGETS,
  ...OBJECT_TARGETS,
  ...ANSWER_TARGETS,
  ...FILE_TARGETS,
];

/** @throws Error when there is none of that name */
export function targetNamed(name: string): Target {
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (target !== undefined) return target;
  throw new Error(`no target ${name}; there are ${TARGETS.map((one) => one.name).join(', ')}`);
}
