import type { OptionDefault, Preferences } from './preferences.ts';

/** A command line with what preferences make of it. */
export interface Preferred {
  readonly argv: readonly string[];
  /** The alias it began with, and its flags. */
  readonly alias: { readonly name: string; readonly options: readonly OptionDefault[] } | undefined;
}

/**
 * Puts a command in the place of an alias, its arguments around those that were given. Built-in commands cannot be aliases.
 * @param isVerb whether a name is a built-in command's.
 */
export function withoutAlias(argv: readonly string[], preferences: Preferences | undefined, isVerb: (name: string) => boolean): Preferred {
  const at = argv.findIndex((arg) => !arg.startsWith('-') && !arg.startsWith('__complete'));
  const name = argv[at];
  const alias = name === undefined || isVerb(name) ? undefined : preferences?.aliases.find((each) => each.name === name);
  if (!alias) return { argv, alias: undefined };
  const words = alias.command.split(/\s+/).filter(Boolean);
  if (!isVerb(words[0] ?? ''))
    throw new Error(`command ${JSON.stringify(alias.command)} not found to set alias ${JSON.stringify(alias.name)}: [${words.join(' ')}]`);
  return {
    argv: [...argv.slice(0, at), ...words, ...alias.prependArgs, ...argv.slice(at + 1), ...alias.appendArgs],
    alias: { name: alias.name, options: alias.options },
  };
}

/**
 * The flags that preferences add to a command, as they would be written before its arguments.
 * @param command `config view`
 * @param known whether the command has the flag, and whether it was given.
 * @throws Error in kubectl's words for flags that the command has not.
 */
export function preferredFlags(
  command: string,
  { alias }: Preferred,
  preferences: Preferences | undefined,
  known: { has(flag: string): boolean; given(flag: string): boolean },
): readonly string[] {
  const own = alias?.options ?? [];
  const usual = alias ? [] : (preferences?.defaults ?? []).filter((each) => each.command.split(/\s+/).join(' ') === command);
  const options = [...own, ...usual.flatMap((each) => each.options)];
  const missing = options.find(({ name }) => !known.has(name));
  if (missing)
    throw new Error(
      alias ? `invalid alias flag ${missing.name} in alias ${alias.name}` : `invalid flag ${missing.name} for command ${command}`,
    );
  return options.filter(({ name }) => !known.given(name)).map((option) => `--${option.name}=${option.default}`);
}
