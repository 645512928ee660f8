import { runExecutable } from '../runner/executable.ts';
import { hook } from '../upgrade/migrate-bgp.ts';

runExecutable({ name: 'migrate-bgp', hook });
