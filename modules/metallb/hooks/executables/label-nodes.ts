import { hook } from '../label-nodes.ts';
import { runExecutable } from '../runner/executable.ts';

runExecutable({ name: 'label-nodes', hook });
