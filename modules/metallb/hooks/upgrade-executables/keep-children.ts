import { runExecutable } from '../runner/executable.ts';
import { hook } from '../upgrade/keep-children.ts';

runExecutable({ name: 'keep-children', hook });
