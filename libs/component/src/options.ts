import { parseGoDuration } from '@keelson/base';
import { type InertFlags, inertFlags } from './inert.ts';
import type { OptionSpec, OptionSpecs, OptionValue, OptionValues } from './types.ts';
import { versionInfo } from './version.ts';

/** What a command line came to: values to run with, a text to print and exit 0, or one sentence and exit 1. */
export type Resolved<S extends OptionSpecs> =
  | { readonly kind: 'run'; readonly options: OptionValues<S>; readonly verbosity: number }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'invalid'; readonly message: string };

/** Every text given for each flag, in order. */
export type Flags = ReadonlyMap<string, readonly string[]>;

export interface OptionSources {
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parsed `--config` file: values by flag name. */
  readonly config?: unknown;
}

/** Flags every process has. A component that gives `config` a meaning of its own, as kubelet does, keeps it. */
export const commonOptions = {
  config: {
    type: 'string',
    default: '',
    help: 'YAML file of flag names and values, used where no flag or variable is given',
    placeholder: 'file',
  },
  v: { type: 'number', default: 0, help: 'Log verbosity: 4 and above show debug messages' },
  help: { type: 'boolean', default: false, help: 'Print this text and exit' },
  version: { type: 'boolean', default: false, help: 'Print the version and exit' },
} as const satisfies OptionSpecs;

/** What a command line says: values of flags, and those without effect. */
export interface ParsedFlags {
  readonly flags: Flags;
  readonly ineffective: readonly string[];
}

/** Reads `--name=value`, `--name value`, `--bool[=true|false]`, `-v N`, `-h`. An underscore in a name is a dash, as in Kubernetes. */
export function parseFlags(specs: OptionSpecs, argv: readonly string[], inert = inertFlags()): ParsedFlags | { message: string } {
  const known: OptionSpecs = { ...commonOptions, ...specs };
  const flags = new Map<string, string[]>();
  const ineffective: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] as string;
    const match = /^(?:--([^=]+)|-([vh])(?==|\d|$))(?:=?([\s\S]*))$/.exec(argument);
    if (!match) return { message: argument.startsWith('-') ? `unknown flag: ${argument}` : `unexpected argument: ${argument}` };
    const name = (match[1] ?? { v: 'v', h: 'help' }[match[2] ?? ''] ?? '').replaceAll('_', '-');
    const spec = Object.hasOwn(known, name) ? known[name] : inertSpec(inert, name);
    if (!spec) return { message: `unknown flag: --${match[1]}` };
    const attached = argument.includes('=') || (match[2] === 'v' && argument.length > 2);
    const value = attached ? match[3] : spec.type === 'boolean' ? 'true' : argv[++at];
    if (value === undefined) return { message: `flag needs an argument: --${name}` };
    if (Object.hasOwn(known, name)) flags.set(name, [...(flags.get(name) ?? []), value]);
    else ineffective.push(name);
  }
  return { flags, ineffective };
}

function inertSpec({ switches, values }: InertFlags, name: string): Pick<OptionSpec, 'type'> | undefined {
  if (switches.includes(name)) return { type: 'boolean' };
  return values.includes(name) ? { type: 'string' } : undefined;
}

/** The variable that stands for a flag: `KEELSON_KUBE_SCHEDULER_SECURE_PORT`. */
export function variableOf(component: string, flag: string): string {
  return `KEELSON_${component}_${flag}`.replaceAll(/[-.]/g, '_').toUpperCase();
}

/** The file to read as `config`, if one is named and the component does not use the flag otherwise. */
export function configFile(component: string, specs: OptionSpecs, { flags, env }: OptionSources): string | undefined {
  if (Object.hasOwn(specs, 'config')) return undefined;
  return (flags.get('config')?.at(-1) ?? env[variableOf(component, 'config')]) || undefined;
}

/** Puts the sources together: flag over environment over file over default. */
export function resolveOptions<S extends OptionSpecs>(component: string, specs: S, sources: OptionSources): Resolved<S> {
  const known: OptionSpecs = { ...commonOptions, ...specs };
  const { config = {} } = sources;
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    return invalid('config file: must be a mapping of flag names to values');
  const unknown = Object.keys(config).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) return invalid(`config file: unknown flag: ${unknown}`);
  const values: Record<string, OptionValue> = {};
  if (sources.flags.get('version')?.at(-1) === 'raw') return { kind: 'print', text: `${rawVersion()}\n` };
  for (const [name, spec] of Object.entries(known)) {
    const given = textsFor(component, name, sources, config as Record<string, unknown>);
    const value = given ? convert(spec, given.texts) : defaultOf(spec);
    if (value === undefined)
      return invalid(`invalid argument ${JSON.stringify(given?.texts.at(-1))} for ${given?.source}: must be ${wanted[spec.type]}`);
    values[name] = value;
  }
  const { help, version, v, ...options } = values;
  if (help) return { kind: 'print', text: helpText(component, specs) };
  if (version) return { kind: 'print', text: `Kubernetes ${versionInfo.gitVersion}\n` };
  if (!Object.hasOwn(specs, 'config')) delete options.config;
  return { kind: 'run', options: (Object.hasOwn(specs, 'v') ? { ...options, v } : options) as OptionValues<S>, verbosity: Number(v) };
}

/** As Go prints the struct. */
function rawVersion(): string {
  const fields = Object.entries(versionInfo).map(
    ([name, value]) => `${name.charAt(0).toUpperCase()}${name.slice(1)}:${JSON.stringify(value)}`,
  );
  return `version.Info{${fields.join(', ')}}`;
}

const wanted = { string: 'a string', number: 'a number', boolean: 'true or false', list: 'a list', duration: 'a duration such as 1m30s' };

function invalid(message: string): { kind: 'invalid'; message: string } {
  return { kind: 'invalid', message };
}

function textsFor(
  component: string,
  name: string,
  { flags, env }: OptionSources,
  config: Record<string, unknown>,
): { texts: readonly string[]; source: string } | undefined {
  const flag = flags.get(name);
  if (flag) return { texts: flag, source: `"--${name}" flag` };
  const variable = variableOf(component, name);
  const text = env[variable];
  if (text !== undefined) return { texts: [text], source: `variable ${variable}` };
  const value = config[name];
  if (value === undefined || value === null) return undefined;
  return { texts: Array.isArray(value) ? value.map(String) : [String(value)], source: `"${name}" in the config file` };
}

/** Undefined when the text is no value of the type. Booleans are spelled as Go spells them. */
function convert({ type }: OptionSpec, texts: readonly string[]): OptionValue | undefined {
  const last = texts.at(-1) ?? '';
  switch (type) {
    case 'string':
      return last;
    case 'number':
      return last.trim() !== '' && Number.isFinite(Number(last)) ? Number(last) : undefined;
    case 'boolean':
      return /^(1|t|true)$/i.test(last) ? true : /^(0|f|false)$/i.test(last) ? false : undefined;
    case 'duration':
      return duration(last);
    case 'list':
      return texts.flatMap((text) => text.split(',')).filter((item) => item !== '');
  }
}

/** The value of an option nobody set. */
export function defaultOf({ type, default: value }: OptionSpec): OptionValue {
  return type === 'duration' ? parseGoDuration(String(value)) : value;
}

function duration(text: string): number | undefined {
  try {
    return parseGoDuration(text);
  } catch {
    return undefined;
  }
}

function helpText(component: string, specs: OptionSpecs): string {
  const all = Object.entries<OptionSpec>({ ...commonOptions, ...specs }).sort(([a], [b]) => (a < b ? -1 : 1));
  const types = { string: 'string', number: 'int', boolean: '', list: 'strings', duration: 'duration' };
  const rows = all.map(([name, spec]) => {
    const dashes = { v: '  -v, --v', help: '  -h, --help' }[name] ?? `      --${name}`;
    return { left: `${dashes} ${spec.placeholder ?? types[spec.type]}`.trimEnd(), right: `${spec.help}${defaultText(spec)}` };
  });
  const width = Math.max(...rows.map(({ left }) => left.length)) + 3;
  const lines = rows.map(({ left, right }) => `${left.padEnd(width)}${right}`);
  const closing = `Every flag can also be set in the environment, --some-flag as ${variableOf(component, 'some-flag')}.`;
  return `Usage:\n  ${component} [flags]\n\nFlags:\n${lines.join('\n')}\n\n${closing}\n`;
}

function defaultText({ type, default: value }: OptionSpec): string {
  if (value === '' || value === false || value === 0 || (Array.isArray(value) && value.length === 0)) return '';
  if (type === 'list') return ` (default [${String(value)}])`;
  return ` (default ${type === 'string' ? JSON.stringify(value) : String(value)})`;
}
