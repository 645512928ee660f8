import { runExecutable } from '../runner/executable.ts';
import { hook } from '../upgrade/adopt-addresses.ts';

runExecutable({ name: 'adopt-addresses', hook });
