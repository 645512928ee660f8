import { openSync, readdirSync } from 'node:fs';

const STANDARD_DESCRIPTORS = 3;
let nothing: number | undefined;

/**
 * What a child that lives as long as this process is spawned with. Node.js marks what it opens as not to be inherited;
 * libpcap does not: a child that held a capture's socket would keep it from being closed, and the kernel would go on
 * copying frames into a ring that nobody reads. Where this process has a descriptor, the child has `/dev/null`.
 */
export function pipesAlone(): ['pipe', 'pipe', 'pipe'] {
  nothing ??= openSync('/dev/null', 'r+');
  const highest = Math.max(...readdirSync('/proc/self/fd').map(Number));
  const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe'];
  const all: ('pipe' | number)[] = stdio;
  for (let fd = STANDARD_DESCRIPTORS; fd <= highest; fd += 1) all.push(nothing);
  return stdio;
}
