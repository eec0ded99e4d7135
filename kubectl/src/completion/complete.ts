import { Cluster } from '../cluster.ts';
import { defaultOf, type FlagSpec, type FlagValues } from '../flags.ts';
import { globalFlags } from '../globals.ts';
import type { Shell, VerbEntry } from '../types.ts';
import { candidatesFor, directives } from './candidates.ts';
import { pluginCandidates, pluginWords } from './plugins.ts';
import { locate } from './words.ts';

/** What becomes of the candidates, by the bit that says it. */
const directiveNames: readonly (readonly [bit: number, name: string])[] = [
  [directives.noSpace, 'ShellCompDirectiveNoSpace'],
  [directives.noFiles, 'ShellCompDirectiveNoFileComp'],
  [directives.fileEndings, 'ShellCompDirectiveFilterFileExt'],
];

/**
 * `kubectl __complete WORD...`: what completion scripts ask. Prints candidates and, last, what the shell is to do with them, in numbers and,
 * on standard error, in words. @param described whether candidates come with what they mean.
 */
export async function complete(words: readonly string[], shell: Shell, verbs: readonly VerbEntry[], described: boolean): Promise<number> {
  if (words.length === 0) throw new Error('requires at least 1 arg(s), only received 0');
  const at = await locate(words, verbs);
  const globals = Object.entries(globalFlags).map(([name, spec]) => [name, flagValue(spec, at.flags.get(name))]);
  const cluster = new Cluster(Object.fromEntries(globals) as FlagValues<typeof globalFlags>, shell);
  try {
    const { lines, directive } = await candidatesFor(at, cluster, verbs, {
      words: (before) => pluginWords(before, shell),
      candidates: (given, current) => pluginCandidates(given, current, shell),
    });
    const shown = described ? lines : lines.map((line) => line.split('\t')[0]);
    const told = directiveNames.filter(([bit]) => (directive & bit) !== 0).map(([, name]) => name);
    shell.stdout.write(`${shown.map((line) => `${line}\n`).join('')}:${directive}\n`);
    shell.stderr.write(`Completion ended with directive: ${told.join(', ') || 'ShellCompDirectiveDefault'}\n`);
    return 0;
  } finally {
    cluster.close();
  }
}

function flagValue(spec: FlagSpec, given: string | undefined): unknown {
  if (spec.type === 'bool' && given !== undefined) return given !== 'false';
  return given ?? defaultOf(spec);
}
