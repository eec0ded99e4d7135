import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { toYaml } from '@keelson/machinery';
import { fileProblem } from '../errors.ts';
import { kubercFile, type OptionDefault, preferencesOf, preferenceVersion, readPreferences } from '../kuberc/preferences.ts';
import { objectPrinter } from '../printers/objects.ts';
import { outputFlags } from '../printers/result.ts';
import { type AnyObject, type Context, defineVerb, type Verb, type VerbEntry } from '../types.ts';
import { requireFlags } from './create/generator.ts';

const setFlags = {
  'allowlist-entry': { type: 'array', help: 'Allowlist Entry the form field=value (can be specified multiple times)' },
  appendarg: { type: 'array', help: 'Argument to append to the command (can be specified multiple times, for aliases only)' },
  command: { type: 'string', help: "Command to configure (e.g., 'get', 'create', 'set env')" },
  name: { type: 'string', help: 'Alias name (required for --section=aliases)' },
  option: { type: 'array', help: 'Flag option in the form flag=value (can be specified multiple times)' },
  overwrite: { type: 'bool', help: 'Allow overwriting existing entries' },
  policy: { type: 'string', help: 'Plugin policy to use for exec credential plugins' },
  prependarg: { type: 'array', help: 'Argument to prepend to the command (can be specified multiple times, for aliases only)' },
  section: { type: 'string', help: "Section to modify: 'defaults', 'aliases', or 'credentialplugin'" },
} as const;

type SetContext = Context<typeof setFlags>;
type Asked = SetContext['flags'];
type File = Record<string, unknown>;

/** @throws Error where preferences are turned off. */
function fileOf({ flags, shell }: Pick<Context, 'flags' | 'shell'>): string {
  const file = kubercFile(shell, (flags as { readonly kuberc?: string }).kuberc ?? '');
  if (!file) throw new Error('KUBERC is disabled via KUBERC=off environment variable');
  return file.path;
}

const set: Verb = defineVerb({
  usage: 'kuberc set --section (defaults|aliases) --command COMMAND [options]',
  description:
    'Sets the values that the flags of a command have when they are not given, or makes an alias of a command, its arguments and its flags.',
  examples: [
    '# Have get print wide tables',
    'kubectl kuberc set --section defaults --command get --option output=wide',
    '# An alias for the list of nodes',
    'kubectl kuberc set --section aliases --name nodes --command get --prependarg nodes',
  ],
  flags: setFlags,
  async run(context) {
    const { flags, shell } = context;
    requireFlags(context, 'section');
    const path = fileOf(context);
    check(flags);
    const before = present(path);
    const after = { ...before, ...changed(before, flags) };
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, toYaml(sorted(after)));
    shell.stdout.write(`Updated ${path}\n`);
  },
});

function sorted(file: File): File {
  return Object.fromEntries(Object.entries(file).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The file, or an empty one where there is none. */
function present(path: string): File {
  try {
    return readPreferences(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { apiVersion: preferenceVersion, kind: 'Preference' };
    throw new Error(`error parsing kuberc file: ${fileProblem(error)}`);
  }
}

/** @throws Error for flags that do not go together. */
function check(flags: Asked): void {
  const { section, name, command, policy } = flags;
  const entries = flags['allowlist-entry'].length > 0;
  const fail = (text: string): never => {
    throw new Error(text);
  };
  if (!['defaults', 'aliases', 'credentialplugin'].includes(section))
    fail(`--section must be "defaults", "aliases", or "credentialplugin", got: ${section}`);
  if (section === 'aliases' && name === '') fail('--name is required when --section=aliases');
  if (section === 'defaults' && name !== '') fail('--name should not be specified when --section=defaults');
  if (section === 'defaults' && flags.prependarg.length + flags.appendarg.length > 0)
    fail('--prependarg and --appendarg are only valid for --section=aliases');
  if (section !== 'credentialplugin') {
    if (command === '') fail('--command is required when --section=aliases or --section=defaults');
    return;
  }
  if (policy === '') fail('--policy is required when --section=credentialplugin');
  if (!['AllowAll', 'DenyAll', 'Allowlist'].includes(policy))
    fail(` --policy must be  "AllowAll", "DenyAll", or "Allowlist", got: ${policy}`);
  if (policy !== 'Allowlist' && entries) fail('--allowlist-entry may only be used when --section=credentialplugin and --policy=Allowlist');
  if (policy === 'Allowlist' && !entries) fail('--allowlist-entry is required when --section=credentialplugin and --policy=Allowlist');
}

/** The sections of the file that become others. */
function changed(file: File, flags: Asked): File {
  if (flags.section === 'credentialplugin') {
    const entries = flags['allowlist-entry'].flatMap((each) => each.split(',')).map(allowed);
    return { credentialPluginPolicy: flags.policy, ...(entries.length > 0 ? { credentialPluginAllowlist: entries } : {}) };
  }
  const options = flags.option.map(optionOf);
  if (flags.section === 'defaults') return { defaults: put(file.defaults, 'command', { command: flags.command, options }, flags) };
  const lists = { ...some('appendArgs', flags.appendarg), ...some('prependArgs', flags.prependarg) };
  return {
    aliases: put(
      file.aliases,
      'name',
      { ...lists, command: flags.command, name: flags.name, ...(options.length > 0 ? { options } : {}) },
      flags,
    ),
  };
}

function some(name: string, values: readonly string[]): object {
  return values.length > 0 ? { [name]: [...values] } : {};
}

function allowed(text: string): { readonly command: string } {
  const [field = '', value] = text.split(/=(.*)/s);
  if (value === undefined) throw new Error(`improperly formatted allowlist entry: ${JSON.stringify(text)}`);
  if (field === 'name') throw new Error('allowlist entry field "name" is deprecated, use "command" instead');
  if (field !== 'command') throw new Error(`unrecognized allowlist entry field: ${JSON.stringify(field)}`);
  if (value.trim() === '') throw new Error(`empty value in allowlist entry for field ${JSON.stringify(field)}`);
  return { command: value };
}

function optionOf(text: string): OptionDefault {
  const at = text.indexOf('=');
  if (at === -1) throw new Error(`invalid option format ${JSON.stringify(text)}, expected flag=value`);
  return { default: text.slice(at + 1), name: text.slice(0, at).replace(/^-+/, '') };
}

type Entry = Record<string, unknown> & { readonly options?: readonly OptionDefault[] };

/** The list with an entry added, or with `--overwrite` changed in what was given. */
function put(list: unknown, key: 'name' | 'command', entry: Entry, { overwrite }: Asked): unknown[] {
  const all = (list ?? []) as Entry[];
  const old = all.find((each) => each[key] === entry[key]);
  if (!old) return [...all, entry];
  if (!overwrite) {
    const what =
      key === 'name'
        ? `alias ${JSON.stringify(entry.name)} already exists`
        : `defaults for command ${JSON.stringify(entry.command)} already exist`;
    throw new Error(`${what}, use --overwrite to replace`);
  }
  const options = entry.options && entry.options.length > 0 ? entry.options : old.options;
  return all.map((each) => (each === old ? sorted({ ...old, ...entry, ...(options ? { options } : {}) }) : each));
}

const view: Verb = defineVerb({
  usage: 'kuberc view [options]',
  flags: { ...outputFlags, output: { ...outputFlags.output, default: 'yaml' } },
  async run(context) {
    const path = fileOf(context);
    let file: File;
    try {
      file = readPreferences(path);
      preferencesOf(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(`kuberc file not found at ${path}`);
      throw new Error(`error reading kuberc file: ${fileProblem(error)}`);
    }
    const whole = { aliases: [], defaults: [], ...file };
    context.shell.stdout.write(objectPrinter(context.flags.output, { showManagedFields: true })(sorted(whole) as unknown as AnyObject));
  },
});

const subverbs: readonly VerbEntry[] = [
  { name: 'set', summary: 'Set values in the kuberc configuration', load: async () => set },
  { name: 'view', summary: 'Display the current kuberc configuration', load: async () => view },
];

export const verb: Verb = defineVerb({ usage: 'kuberc SUBCOMMAND [options]', flags: {}, subverbs });
