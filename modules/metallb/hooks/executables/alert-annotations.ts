import { hook } from '../alert-annotations.ts';
import { runExecutable } from '../runner/executable.ts';

runExecutable({ name: 'alert-annotations', hook });
