import { UsageError } from '../../errors.ts';

/** What is set: images by the names of containers; or an environment, of which variables can also be taken away (`NAME-`). */
export type Changed = 'image' | 'environment';

/**
 * Arguments that name objects, and after them those that say what to set: `NAME=value`, `NAME-`, and `-` for what stands on standard input.
 * @throws Error in kubectl's words for an object after them.
 */
export function splitPairs(args: readonly string[], what: Changed): { readonly resources: string[]; readonly pairs: string[] } {
  const isPair = (arg: string): boolean => /^.+=/s.test(arg) || (what === 'environment' && arg.endsWith('-'));
  const at = args.findIndex(isPair);
  const [resources, pairs] = at === -1 ? [args, []] : [args.slice(0, at), args.slice(at)];
  const late = pairs.find((arg) => !isPair(arg));
  if (late !== undefined)
    throw new Error(`all resources must be specified before ${what} changes: ${what === 'image' ? late : args.join(' ')}`);
  return { resources: [...resources], pairs: [...pairs] };
}

/** @throws UsageError for what has no name before its `=`. */
export function readPair(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`invalid argument ${pair}, expected name=value`, 'examples');
  return [pair.slice(0, at), pair.slice(at + 1)];
}
