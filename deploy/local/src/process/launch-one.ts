import type { Clock } from '@keelson/base';
import { bundlePath } from '../../../../tools/bundle.ts';
import type { ProcessSpec } from './commands.ts';
import { type Place, start } from './processes.ts';

/** Starts one process, whose program has been bundled. */
export async function launchOne(place: Place, spec: Pick<ProcessSpec, 'name' | 'program' | 'args'>, clock: Clock): Promise<void> {
  await start(place, spec.name, commandOf(spec), clock);
}

/**
 * A fraction of what Node takes by itself (docs/decisions/small-heaps.md): 8 MB for each half of the young generation, and one arena for what is
 * allocated beside the heap, where glibc would give each of V8's threads one.
 */
const node = ['/usr/bin/env', 'MALLOC_ARENA_MAX=1', process.execPath, '--max-semi-space-size=8'];

/** The command line of a process, program included. */
export function commandOf({ program, args }: Pick<ProcessSpec, 'program' | 'args'>): readonly string[] {
  return program === undefined ? args : [...node, bundlePath(program), ...args];
}
