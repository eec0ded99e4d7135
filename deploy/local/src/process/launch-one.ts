import type { Clock } from '@keelson/base';
import { bundlePath } from '../../../../tools/bundle.ts';
import type { ProcessSpec } from './commands.ts';
import { type Place, start } from './processes.ts';

/** Starts one process, whose program has been bundled. */
export async function launchOne(place: Place, spec: Pick<ProcessSpec, 'name' | 'program' | 'args'>, clock: Clock): Promise<void> {
  await start(place, spec.name, commandOf(spec), clock);
}

/** The command line of a process, program included. */
export function commandOf({ program, args }: Pick<ProcessSpec, 'program' | 'args'>): readonly string[] {
  return program === undefined ? args : [process.execPath, bundlePath(program), ...args];
}
