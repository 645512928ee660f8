import { hook } from '../expand-services.ts';
import { runExecutable } from '../runner/executable.ts';

runExecutable({ name: 'expand-services', hook });
