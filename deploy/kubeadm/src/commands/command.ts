import { isAbsolute, resolve } from 'node:path';
import { type Clock, parseGoDuration, type Random } from '@keelson/base';
import { Refusal } from '@keelson/deploy-local';
import { Command, InvalidArgumentError, Option } from 'commander';

/** What every command is given. */
export interface CommandDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Writes to standard output as it is. */
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Flags that all commands of one machine share. */
export interface MachineOptions {
  /** Absolute. */
  readonly root: string;
}

/** A command that works on a machine's files. */
export function machineCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .configureHelp({ optionDescription: described })
    .option('--root <dir>', 'keep everything below this directory instead of /', absolute, '/');
}

export function absolute(text: string): string {
  return isAbsolute(text) ? resolve(text) : invalid('an absolute path');
}

/** What an option does, and what it is when it is not given, where that says something. */
function described({ description, defaultValue, defaultValueDescription }: Option): string {
  const shown = defaultValueDescription ?? (Array.isArray(defaultValue) ? defaultValue.join(',') : String(defaultValue ?? ''));
  return shown === '' || shown === 'false' ? description : `${description} (default: ${shown})`;
}

export function list(text: string): readonly string[] {
  return text.split(',').filter((part) => part !== '');
}

export function port(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 && value < 65_536 ? value : invalid('a port number');
}

/** Milliseconds, from `24h0m0s`. */
export function duration(text: string): number {
  try {
    return parseGoDuration(text);
  } catch {
    return invalid('a duration such as 24h0m0s');
  }
}

/** How long a token is good for: milliseconds, 24 hours unless told. */
export function tokenTtl(flag: string): Option {
  const option = new Option(`${flag} <duration>`, 'how long it is good for; 0 is for ever');
  return option.argParser(duration).default(24 * 3_600_000, '24h0m0s');
}

export function urls(text: string): readonly string[] {
  const all = list(text);
  return all.length > 0 && all.every((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    ? all
    : invalid('one or more http:// or https:// addresses');
}

function invalid(what: string): never {
  throw new InvalidArgumentError(`It must be ${what}.`);
}

/** @throws Refusal when a check of a value says what is wrong with it. */
export function refuseIf(problem: string | undefined): void {
  if (problem !== undefined) throw new Refusal(problem);
}
