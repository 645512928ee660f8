import { hook } from '../fold-status.ts';
import { runExecutable } from '../runner/executable.ts';

runExecutable({ name: 'fold-status', hook });
