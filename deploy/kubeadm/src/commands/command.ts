import { isAbsolute, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Clock, parseGoDuration, type Random } from '@keelson/base';
import { Refusal } from '@keelson/deploy-local';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Machine } from '../machine.ts';
import type { Patched } from '../options.ts';
import { outputForms } from '../output.ts';
import { readPatches } from '../patches/read.ts';

/** What every command is given. */
export interface CommandDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Writes to standard output as it is. */
  readonly print: (text: string) => void;
  /** Writes to standard error as it is. */
  readonly warn: (text: string) => void;
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

export function count(text: string): number {
  const value = Number(text);
  return text !== '' && Number.isInteger(value) && value >= 0 ? value : invalid('a whole number');
}

/** Go's words for yes and no. */
export function truth(text: string): boolean {
  if (/^(1|t|true)$/i.test(text)) return true;
  return /^(0|f|false)$/i.test(text) ? false : invalid('true or false');
}

/** Milliseconds, from `24h0m0s`. */
export function duration(text: string): number {
  try {
    return parseGoDuration(text);
  } catch {
    return invalid('a duration such as 24h0m0s');
  }
}

/** For commands that configure a kubelet. */
export function patchesOption(): Option {
  return new Option('--patches <dir>', "directory of changes of the kubelet's configuration: kubeletconfiguration[suffix][+type].yaml");
}

/** For commands whose answer programs may read. */
export function outputOption(): Option {
  return new Option('-o, --output <form>', 'how to print it').choices(outputForms).default('text');
}

/** What a machine's kubelet is changed by. */
export async function patchesOf({ patches }: Patched, say: (line: string) => void): Promise<Pick<Machine, 'kubeletPatches'>> {
  return patches === undefined ? {} : { kubeletPatches: await readPatches(patches, say) };
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

/** Asks whoever sits at the terminal; nobody there means no. */
export async function agreed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const silence = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    return /^y(es)?$/i.test((await Promise.race([terminal.question(question), silence])).trim());
  } finally {
    terminal.close();
  }
}
