import { Cluster } from '../cluster.ts';
import { defaultOf, type FlagValues } from '../flags.ts';
import { globalFlags } from '../globals.ts';
import type { Shell, VerbEntry } from '../types.ts';
import { candidatesFor } from './candidates.ts';
import { locate } from './words.ts';

/** `kubectl __complete WORD...`: what completion scripts ask. Prints candidates and, last, whether files may follow. */
export async function complete(words: readonly string[], shell: Shell, verbs: readonly VerbEntry[]): Promise<number> {
  const at = await locate(words, verbs);
  const globals = Object.entries(globalFlags).map(([name, spec]) => [name, at.flags.get(name) ?? defaultOf(spec)]);
  const cluster = new Cluster(Object.fromEntries(globals) as FlagValues<typeof globalFlags>, shell);
  try {
    const { lines, files } = await candidatesFor(at, cluster);
    shell.stdout.write(`${lines.map((line) => `${line}\n`).join('')}:${files ? 0 : 4}\n`);
    return 0;
  } finally {
    cluster.close();
  }
}
