import type { Specs } from '../../specs.ts';
import { atomicVolumes } from './atomic.ts';
import { directories } from './directories.ts';
import { downward } from './downward.ts';
import { files } from './files.ts';
import { changes } from './updates.ts';

/** Volumes as the processes of real containers see them. */
export const storage: Specs = { ...files, ...changes, ...downward, ...directories, ...atomicVolumes };
