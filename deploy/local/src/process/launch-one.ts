import type { Clock } from '@keelson/base';
import { bundlePath } from '../../../../tools/bundle.ts';
import type { ProcessSpec } from './commands.ts';
import { type Place, start } from './processes.ts';

/** Starts one process, whose program has been bundled. */
export async function launchOne(place: Place, spec: Pick<ProcessSpec, 'name' | 'program' | 'args'>, clock: Clock): Promise<void> {
  await start(place, spec.name, commandOf(spec), clock);
}

/** Megabytes of each half of the young generation: half of Node's, for a quarter less memory (docs/decisions/small-heaps.md). */
const young = '--max-semi-space-size=8';

/** The command line of a process, program included. */
export function commandOf({ program, args }: Pick<ProcessSpec, 'program' | 'args'>): readonly string[] {
  return program === undefined ? args : [process.execPath, young, bundlePath(program), ...args];
}
