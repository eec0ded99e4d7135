import { errorMessage } from '@keelson/base';
import type { OptionDefault, Preferences } from './preferences.ts';

/** A command line with what preferences make of it. */
export interface Preferred {
  readonly argv: readonly string[];
  /** The alias it began with, and its flags. */
  readonly alias: { readonly name: string; readonly options: readonly OptionDefault[] } | undefined;
}

type CommandOf = (words: readonly string[]) => Promise<readonly string[] | undefined>;

/**
 * Puts a command in the place of an alias, its arguments around those that were given. Built-in commands cannot be aliases; what stands
 * after the command that an alias is for is not looked at.
 * @param commandOf the words of a built-in command that a line begins with; undefined where it begins with none.
 * @throws Error in kubectl's words.
 */
export async function withoutAlias(
  argv: readonly string[],
  preferences: Preferences | undefined,
  commandOf: CommandOf,
): Promise<Preferred> {
  const at = argv.findIndex((arg) => !arg.startsWith('-') && !arg.startsWith('__complete'));
  const name = argv[at];
  const alias = preferences?.aliases.find((each) => each.name === name);
  if (!alias || (await commandOf([alias.name]))) return { argv, alias: undefined };
  const words = alias.command.split(/\s+/).filter(Boolean);
  const command = await commandOf(words);
  if (!command)
    throw new Error(`command ${JSON.stringify(alias.command)} not found to set alias ${JSON.stringify(alias.name)}: [${words.join(' ')}]`);
  return {
    argv: [...argv.slice(0, at), ...command, ...alias.prependArgs, ...argv.slice(at + 1), ...alias.appendArgs],
    alias: { name: alias.name, options: alias.options },
  };
}

/**
 * The commands that preferences have defaults for and that are not there.
 * @param commandOf as of `withoutAlias`.
 */
export async function unknownDefaults(preferences: Preferences | undefined, commandOf: CommandOf): Promise<readonly string[]> {
  const commands = (preferences?.defaults ?? []).map(({ command }) => command);
  const found = await Promise.all(commands.map((command) => commandOf(command.split(/\s+/).filter(Boolean))));
  return commands.filter((_, i) => !found[i]);
}

/**
 * The flags that preferences add to a command, as they would be written before its arguments.
 * @param command `config view`
 * @param known whether the command has the flag, whether it was given, and whether it can be what it is to be (it throws where not).
 * @throws Error in kubectl's words for flags that the command has not, and for values that they cannot have.
 */
export function preferredFlags(
  command: string,
  { alias }: Preferred,
  preferences: Preferences | undefined,
  known: { has(flag: string): boolean; given(flag: string): boolean; check(flag: string): void },
): readonly string[] {
  const own = alias?.options ?? [];
  const usual = alias ? [] : (preferences?.defaults ?? []).filter((each) => each.command.split(/\s+/).join(' ') === command);
  const options = [...own, ...usual.flatMap((each) => each.options)];
  const missing = options.find(({ name }) => !known.has(name));
  if (missing)
    throw new Error(alias ? `invalid alias flag ${missing.name} in alias kubectl` : `invalid flag ${missing.name} for command ${command}`);
  return options
    .filter(({ name }) => !known.given(name))
    .map(({ name, default: value }) => {
      const flag = `--${name}=${value}`;
      try {
        known.check(flag);
      } catch (error) {
        const what = alias
          ? `value ${value} to flag ${name} in alias kubectl`
          : `override value ${value} to flag ${name} in command ${command}`;
        throw new Error(`could not apply ${what} err: ${errorMessage(error)}`);
      }
      return flag;
    });
}
