import type { FlagSpecs } from '../flags.ts';

export const validateFlag = {
  validate: {
    type: 'string',
    default: 'strict',
    implied: 'strict',
    help: 'Must be one of: strict (or true), warn, ignore (or false). How the server treats unknown or duplicate fields.',
  },
} as const satisfies FlagSpecs;

/** @throws Error in kubectl's words. */
export function fieldValidationOf(value: string): 'Ignore' | 'Warn' | 'Strict' {
  const known = { strict: 'Strict', true: 'Strict', warn: 'Warn', ignore: 'Ignore', false: 'Ignore' } as const;
  if (Object.hasOwn(known, value)) return known[value as keyof typeof known];
  throw new Error(`invalid - validate option ${JSON.stringify(value)}; must be one of: strict (or true), warn, ignore (or false)`);
}
