import { errorMessage, systemClock, systemRandom } from '@keelson/base';
import { Cluster } from './cluster.ts';
import { complete } from './completion/complete.ts';
import { describeError, ExitError, UsageError } from './errors.ts';
import { defaultOf, type FlagSpecs, type FlagValues, firstPositional, type ParsedArguments, parseArguments } from './flags.ts';
import { globalFlags } from './globals.ts';
import { overview, verbHelp } from './help.ts';
import { preferredFlags, unknownDefaults, withoutAlias } from './kuberc/apply.ts';
import { loadPreferences } from './kuberc/preferences.ts';
import { logLine } from './log.ts';
import { runPlugin } from './plugins.ts';
import { outputWithTemplate } from './printers/result.ts';
import { PrintError } from './printers/template.ts';
import type { Shell, Verb, VerbEntry } from './types.ts';
import { verbs } from './verbs/index.ts';

/** A verb that was found, and what was left of the command line without its names. */
interface Chosen {
  readonly verb: Verb;
  readonly path: string;
  readonly summary: string;
  readonly argv: readonly string[];
}

/**
 * Runs one kubectl command line (without `kubectl` itself) and answers its exit code. What the shell lacks is the process's own.
 * Never rejects.
 */
export async function run(argv: readonly string[], given: Partial<Shell> = {}): Promise<number> {
  const shell: Shell = {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    ...given,
  };
  const at: Place = { path: 'kubectl', help: '', address: () => 'localhost:8080' };
  try {
    const [first, ...words] = argv;
    const completes = first === '__complete' || first === '__completeNoDesc';
    return completes ? await complete(words, shell, verbs, first === '__complete') : await dispatch(argv, shell, at);
  } catch (error) {
    return report(error, shell, at);
  }
}

/** How far the command line was understood, for what is said of its errors. */
interface Place {
  path: string;
  help: string;
  address(): string;
}

function report(error: unknown, shell: Shell, at: Place): number {
  if (error instanceof ExitError) {
    if (error.message !== '') shell.stderr.write(`${error.message}\n`);
    return error.code;
  }
  if (shell.signal.aborted) return 130;
  if (error instanceof PrintError) shell.stdout.write(error.printed);
  if (error instanceof UsageError) {
    const hints = {
      usage: `See '${at.path} --help' for usage.\n`,
      examples: `See '${at.path} -h' for help and examples\n`,
      none: '',
      help: '',
    };
    if (error.hint === 'help') shell.stdout.write(at.help);
    shell.stderr.write(`error: ${error.message}${error.message.endsWith('\n') ? '' : '\n'}${hints[error.hint]}`);
    return 1;
  }
  shell.stderr.write(`${describeError(error, at.address())}\n`);
  return 1;
}

/** @throws ExitError, as upstream's kubectl ends where preferences cannot be had. */
async function preferring<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new ExitError(1, `error occurred while applying preferences ${errorMessage(error)}`);
  }
}

async function dispatch(argv: readonly string[], shell: Shell, at: Place): Promise<number> {
  const commandOf = async (words: readonly string[]): Promise<readonly string[] | undefined> => {
    const found = isVerb(words[0] ?? '') ? await choose(words, shell) : undefined;
    return typeof found === 'object' ? found.path.split(' ').slice(1) : undefined;
  };
  const preferences = await preferring(() => loadPreferences(argv, shell));
  const preferred = await preferring(() => withoutAlias(argv, preferences, commandOf));
  const chosen = await choose(preferred.argv, shell);
  if (typeof chosen === 'number') return chosen;
  if (!chosen) {
    parseArguments(argv, globalFlags);
    shell.stdout.write(overview(verbs));
    return 0;
  }
  at.path = chosen.path;
  const { verb } = chosen;
  at.help = verbHelp(verb, chosen.path, chosen.summary);
  const specs: FlagSpecs = { ...globalFlags, ...verb.flags };
  const given = parseArguments(chosen.argv, specs);
  const added = await preferring(() =>
    preferredFlags(chosen.path.replace('kubectl ', ''), preferred, preferences, {
      has: (flag) => Object.hasOwn(specs, flag),
      given: (flag) => given.changed.has(flag),
      check: (flag) => parseArguments([flag], specs),
    }),
  );
  for (const command of await unknownDefaults(preferences, commandOf))
    shell.stderr.write(`Warning: command ${JSON.stringify(command)} not found to set kuberc override\n`);
  const whole = added.length > 0 ? parseArguments([...added, ...chosen.argv], specs) : given;
  checkProfiling(whole, verb);
  sayDeprecated(whole, specs, shell);
  const parsed = withTemplate(withDryRun(whole, shell));
  if (parsed.values.help || !verb.run) return help(verb, parsed, at.help, shell);
  const flags = parsed.values as FlagValues<FlagSpecs>;
  const cluster = new Cluster(globalsOf(verb, flags), shell, preferences?.plugins);
  at.address = () => cluster.address;
  try {
    const { args, dash, changed, given } = parsed;
    const code = (await verb.run({ flags, changed, given, args, dash, path: chosen.path, shell, cluster })) ?? 0;
    if (!flags['warnings-as-errors'] || cluster.warnings === 0) return code;
    throw new Error(`${cluster.warnings} warning${cluster.warnings === 1 ? '' : 's'} received`);
  } finally {
    cluster.close();
  }
}

/** What is accepted and has no effect is still read. @throws Error in kubectl's words for what it cannot be. */
function checkProfiling({ values: { profile, vmodule } }: ParsedArguments, { flags: own }: Verb): void {
  const known = ['none', 'cpu', 'heap', 'goroutine', 'threadcreate', 'block', 'mutex', 'trace'];
  if (typeof vmodule === 'string' && vmodule !== '' && !/^[^=,]+=\d+(?:,[^=,]+=\d+)*,?$/.test(vmodule))
    throw new UsageError(
      `invalid argument ${JSON.stringify(vmodule)} for "--vmodule" flag: syntax error: expect comma-separated list of filename=N`,
    );
  if (!('profile' in own) && !known.includes(String(profile))) throw new Error(`unknown profile '${profile}'`);
}

function isVerb(name: string): boolean {
  return name === 'help' || verbs.some((verb) => verb.name === name || verb.aliases?.includes(name));
}

/** @throws UsageError for a subverb that is not there. */
function help({ bare = 'stderr' }: Verb, { values, args }: ParsedArguments, text: string, { stdout, stderr }: Shell): number {
  if (values.help || bare === 'always') {
    stdout.write(text);
    return 0;
  }
  if (args[0] !== undefined) throw new UsageError(`unknown command ${JSON.stringify(args[0])}`, 'examples');
  (bare === 'stdout' ? stdout : stderr).write(text);
  return 1;
}

function sayDeprecated({ changed }: ParsedArguments, specs: FlagSpecs, { stderr }: Shell): void {
  for (const name of changed) {
    const why = specs[name]?.deprecated;
    if (why !== undefined) stderr.write(`Flag --${name} has been deprecated, ${why}\n`);
  }
}

/** `--dry-run` took no value once, or a truth value: what is written so still does what it did. */
function withDryRun(parsed: ParsedArguments, shell: Shell): ParsedArguments {
  const value = parsed.values['dry-run'];
  if (typeof value !== 'string' || !/^(?:unchanged|1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value)) return parsed;
  const meant = /^[0f]/i.test(value) ? 'none' : 'client';
  const written = value === 'unchanged' ? '--dry-run is deprecated' : `--dry-run=${value} is deprecated (boolean value)`;
  logLine(shell, 'W', 'helpers.go:717', `${written} and can be replaced with --dry-run=${meant}.`);
  return { ...parsed, values: { ...parsed.values, 'dry-run': meant } };
}

/** A template given beside no format chooses that of Go's templates, whatever the verb prints by itself. */
function withTemplate(parsed: ParsedArguments): ParsedArguments {
  const { output, template } = parsed.values;
  if (typeof output !== 'string' || typeof template !== 'string') return parsed;
  return {
    ...parsed,
    values: {
      ...parsed.values,
      output: outputWithTemplate(parsed.changed.has('output') ? output : template === '' ? output : '', template),
    },
  };
}

/** The global flags as they stand, but for those whose names the verb has given a meaning of its own. */
function globalsOf(verb: Verb, flags: FlagValues<FlagSpecs>): FlagValues<typeof globalFlags> {
  const own = Object.entries(globalFlags).filter(([name]) => name in verb.flags);
  return { ...flags, ...Object.fromEntries(own.map(([name, spec]) => [name, defaultOf(spec)])) } as unknown as FlagValues<
    typeof globalFlags
  >;
}

/**
 * Follows the names of verbs and subverbs as far as they lead. Where the first is no verb but a plugin, that is run; the answer is then
 * its exit code. @throws UsageError for a verb that is not there.
 */
async function choose(argv: readonly string[], shell: Shell): Promise<Chosen | number | undefined> {
  let left = [...argv];
  let path = 'kubectl';
  let summary = '';
  let verb: Verb | undefined;
  let entries: readonly VerbEntry[] = verbs;
  for (;;) {
    const at = firstPositional(left, { ...globalFlags, ...verb?.flags });
    const name = left[at];
    const entry = name === undefined ? undefined : entries.find((each) => each.name === name || each.aliases?.includes(name));
    if (name === 'help' && !verb) {
      const topic = left.toSpliced(at, 1)[firstPositional(left.toSpliced(at, 1), globalFlags)];
      if (topic !== undefined && !isVerb(topic)) {
        shell.stderr.write(`Unknown help topic [\`${topic}\`]\n\n\n${overview(verbs)}`);
        return 0;
      }
      left = [...left.toSpliced(at, 1), '--help'];
      continue;
    }
    if (!entry && !verb && name !== undefined) {
      if (argv[0]?.startsWith('-')) throw new ExitError(1, `Error: flags cannot be placed before plugin name: ${argv[0]}`);
      const code = await runPlugin(argv, shell);
      if (code === undefined) throw new UsageError(unknownCommand(name), 'none');
      return code;
    }
    if (!entry && path === 'kubectl create' && name !== undefined) {
      const code = await runPlugin(argv, shell, 2);
      if (code !== undefined) return code;
    }
    if (!entry) return verb ? { verb, path, summary, argv: left } : undefined;
    verb = await entry.load();
    path += ` ${entry.name}`;
    summary = entry.summary;
    left = left.toSpliced(at, 1);
    entries = verb.subverbs ?? [];
    if (entries.length === 0) return { verb, path, summary, argv: left };
  }
}

function unknownCommand(name: string): string {
  const typed = name.toLowerCase();
  const near = verbs
    .filter((verb) => distance(verb.name, typed) <= 2 || verb.name.startsWith(typed) || verb.suggestFor?.includes(typed))
    .map((verb) => verb.name);
  const hint = near.length > 0 ? `\n\nDid you mean this?\n\t${near.join('\n\t')}` : '';
  return `unknown command ${JSON.stringify(name)} for "kubectl"${hint}`;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
