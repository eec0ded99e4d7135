import { errorMessage } from '@keelson/base';
import { deviceMatches, deviceProgram } from '@keelson/cel';
import type { DeviceSelector } from '@keelson/types';
import type { Candidate } from './pools.ts';

type Program = ReturnType<typeof deviceProgram>;

const programs = new Map<string, Program | Error>();
const mostPrograms = 1000;

/** Whether all selectors take a device. @param whose `class gpu` or `claim ns/name`. @throws Error where one does not compile or compute */
export function takesDevice(selectors: readonly DeviceSelector[], { device, slice, id }: Candidate, whose: string): boolean {
  return selectors.every(({ cel }, i) => {
    const program = compiled(cel?.expression ?? '');
    if (program instanceof Error) throw new Error(`${whose}: selector #${i}: CEL compile error: ${program.message}`);
    const { attributes, capacity, allowMultipleAllocations } = device;
    try {
      return deviceMatches(program, { driver: slice.spec.driver, attributes, capacity, allowMultipleAllocations });
    } catch (error) {
      throw new Error(`${whose}: selector #${i} on device ${id}: CEL runtime error: ${errorMessage(error)}`, { cause: error });
    }
  });
}

function compiled(expression: string): Program | Error {
  const known = programs.get(expression);
  if (known) return known;
  if (programs.size >= mostPrograms) programs.clear();
  const made = compile(expression);
  programs.set(expression, made);
  return made;
}

function compile(expression: string): Program | Error {
  try {
    return deviceProgram(expression);
  } catch (error) {
    return error instanceof Error ? error : new Error(errorMessage(error));
  }
}
