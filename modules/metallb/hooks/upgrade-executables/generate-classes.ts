import { runExecutable } from '../runner/executable.ts';
import { hook } from '../upgrade/generate-classes.ts';

runExecutable({ name: 'generate-classes', hook });
