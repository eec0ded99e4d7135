import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPlugins, pluginPrefix } from '../plugins.ts';
import type { Shell } from '../types.ts';
import { type Candidates, directives } from './candidates.ts';

/** The commands that plugins are, each by its words. */
function commands(shell: Shell): string[][] {
  return findPlugins(shell).map(({ name }) =>
    name
      .slice(pluginPrefix.length)
      .split('-')
      .map((word) => word.replaceAll('_', '-')),
  );
}

/** The plugins' words that may come after these. */
export function pluginWords(before: readonly string[], shell: Shell): string[] {
  const next = commands(shell).filter((words) => words.length > before.length && before.every((word, i) => word === words[i]));
  const words = new Set(next.map((each) => each[before.length] ?? ''));
  return [...words].map((word) => `${word}\tThe command ${word} is a plugin installed by the user`);
}

/**
 * What a plugin says may follow, by a program `kubectl_complete-NAME` that answers as `__complete` does, and the words of other plugins.
 * Undefined where the words are no plugin's.
 */
export async function pluginCandidates(words: readonly string[], current: string, shell: Shell): Promise<Candidates | undefined> {
  const all = commands(shell);
  const starts = (length: number): boolean => all.some((each) => words.slice(0, length).every((word, i) => word === each[i]));
  let length = words.length;
  while (length > 0 && !starts(length)) length--;
  if (length === 0) return undefined;
  const own = words.slice(0, length);
  const further = length === words.length ? pluginWords(own, shell).filter((line) => line.startsWith(current)) : [];
  const said = await completed(own, [...words.slice(length), current], shell);
  const directive = said ? said.directive : further.length > 0 ? directives.noFiles : 0;
  return { lines: [...further, ...(said?.lines ?? [])], directive };
}

async function completed(plugin: readonly string[], args: readonly string[], shell: Shell): Promise<Candidates | undefined> {
  const name = `kubectl_complete-${plugin.map((word) => word.replaceAll('-', '_')).join('-')}`;
  const program = findPlugins(shell, () => {}, name).find((each) => each.name === name && each.executable);
  if (!program) return undefined;
  const { stdout } = await promisify(execFile)(program.path, [...args], { env: shell.env as NodeJS.ProcessEnv });
  const lines = stdout.split('\n').filter((line) => line !== '');
  const last = /^:(\d+)$/.exec(lines.at(-1) ?? '');
  return last ? { lines: lines.slice(0, -1), directive: Number(last[1]) } : { lines, directive: 0 };
}
