import { UsageError } from '../../errors.ts';

/** Arguments that name objects, and those that say what to set: `NAME=value`, `NAME-`. */
export function splitPairs(args: readonly string[]): { readonly resources: string[]; readonly pairs: string[] } {
  const isPair = (arg: string): boolean => arg.includes('=') || /^[A-Za-z_]\w*-$/.test(arg);
  return { resources: args.filter((arg) => !isPair(arg)), pairs: args.filter(isPair) };
}

/** @throws UsageError for what has no name before its `=`. */
export function readPair(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`invalid argument ${pair}, expected name=value`, 'examples');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
