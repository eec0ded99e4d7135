import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkPluginPolicy, type PluginPolicy } from '@keelson/client';
import { parseYaml } from '@keelson/machinery';
import { fileProblem } from '../errors.ts';
import { logLine } from '../log.ts';
import type { Shell } from '../types.ts';
import { type Chosen, choosePreferences, unknownKind } from './documents.ts';

export const preferenceVersion = 'kubectl.config.k8s.io/v1beta1';

/** A flag, in its long form without dashes, and the value it has where none is given. */
export interface OptionDefault {
  readonly name: string;
  readonly default: string;
}

export interface Defaults {
  readonly command: string;
  readonly options: readonly OptionDefault[];
}

export interface Alias {
  readonly name: string;
  readonly command: string;
  readonly prependArgs: readonly string[];
  readonly appendArgs: readonly string[];
  readonly options: readonly OptionDefault[];
}

/** What a user wants of kubectl, whatever the cluster. */
export interface Preferences {
  readonly aliases: readonly Alias[];
  readonly defaults: readonly Defaults[];
  /** Which credential programs may run. */
  readonly plugins: PluginPolicy;
}

/** As it stands in the file: of v1beta1, or of v1alpha1 with its older names. */
interface Written {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly aliases?: readonly (Partial<Alias> & { readonly flags?: readonly OptionDefault[] })[];
  readonly defaults?: readonly (Partial<Defaults> & { readonly flags?: readonly OptionDefault[] })[];
  readonly overrides?: Written['defaults'];
  readonly credentialPluginPolicy?: string;
  /** `name` is the older word for `command`. */
  readonly credentialPluginAllowlist?: readonly { readonly name?: string; readonly command?: string }[] | null;
}

type Environment = Pick<Shell, 'env'>;

/** Where preferences are kept: `--kuberc`, else `KUBERC`, else `~/.kube/kuberc`; undefined where they are turned off. */
export function kubercFile({ env }: Environment, given: string): { readonly path: string; readonly asked: boolean } | undefined {
  if (env.KUBERC === 'off') {
    if (given !== '') throw new Error('kuberc error disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive');
    return undefined;
  }
  if (given !== '') return { path: given, asked: true };
  if (env.KUBERC) return { path: env.KUBERC, asked: true };
  return { path: join(env.HOME || homedir(), '.kube', 'kuberc'), asked: false };
}

/** The value of `--kuberc`, needed before it is known which flags there are. */
export function kubercFlag(argv: readonly string[]): string {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  const at = own.findIndex((arg) => arg === '--kuberc' || arg.startsWith('--kuberc='));
  if (at === -1) return '';
  const value = own[at] === '--kuberc' ? own[at + 1] : own[at]?.slice('--kuberc='.length);
  if (!value) throw new Error('kuberc file is not found');
  return value;
}

/** The preferences that hold, if any. A file that was not asked for and cannot be read is only warned of. */
export function loadPreferences(argv: readonly string[], shell: Pick<Shell, 'env' | 'stderr' | 'clock'>): Preferences | undefined {
  if (/^(?:0|f|false)$/i.test(shell.env.KUBECTL_KUBERC ?? '')) return undefined;
  const file = kubercFile(shell, kubercFlag(argv));
  if (!file) return undefined;
  const loud = verbosityOf(argv) >= 5;
  const say = (text: string): void => (loud ? logLine(shell, 'I', 'marshal.go:84', `kuberc: ${text}`) : undefined);
  let found: Chosen | undefined;
  try {
    found = choosePreferences(readFileSync(file.path, 'utf8'), file.path, say);
  } catch (error) {
    if (file.asked) throw new Error(`kuberc error kuberc: ${fileProblem(error)}`);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      shell.stderr.write(`kuberc: no preferences loaded from ${file.path}: ${fileProblem(error)}\n`);
    return undefined;
  }
  if (!found) return undefined;
  if (found.problem !== undefined) shell.stderr.write(`kuberc: ignoring strict decoding error in ${file.path}: ${found.problem}\n`);
  return preferencesOf(found.file);
}

/** `-v`, before it is known which flags there are: 0 unless it is given. */
function verbosityOf(argv: readonly string[]): number {
  const end = argv.indexOf('--');
  const text = (end === -1 ? argv : argv.slice(0, end)).join('\n');
  return Number(/(?:^|\n)(?:-v|--v)(?:=|\n)?(\d+)(?:\n|$)/.exec(text)?.[1] ?? 0);
}

/** The file as it is. @throws Error when it is not there, or is no YAML. */
export function readPreferences(path: string): Record<string, unknown> {
  return (parseYaml(readFileSync(path, 'utf8')).value ?? {}) as Record<string, unknown>;
}

/** @throws Error for what is no preference, and for flags and aliases that are not written as they should be. */
export function preferencesOf(file: Record<string, unknown>): Preferences {
  const {
    apiVersion = '',
    kind = '',
    aliases = [],
    defaults,
    overrides,
    credentialPluginPolicy,
    credentialPluginAllowlist,
  } = file as Written;
  if (!/^kubectl\.config\.k8s\.io\/v1(?:alpha1|beta1)$/.test(apiVersion) || kind !== 'Preference')
    throw new Error(unknownKind(apiVersion, kind));
  const read: Preferences = {
    aliases: aliases.map(({ name = '', command = '', prependArgs = [], appendArgs = [], options, flags }) => ({
      ...{ name, command, prependArgs, appendArgs },
      options: options ?? flags ?? [],
    })),
    defaults: (defaults ?? overrides ?? []).map(({ command = '', options, flags }) => ({ command, options: options ?? flags ?? [] })),
    plugins: {
      type: credentialPluginPolicy ?? '',
      allowlist: credentialPluginAllowlist?.map(({ name = '', command = name }) => ({ command })),
    },
  };
  check(read);
  return read;
}

function check({ aliases, defaults, plugins }: Preferences): void {
  const dashed = [...aliases, ...defaults].flatMap(({ options }) => options).find(({ name }) => name.startsWith('-'));
  if (dashed) throw new Error(`flag name ${dashed.name} should be in long form without dashes`);
  for (const [i, { name }] of aliases.entries()) {
    if (!/^[a-zA-Z]+$/.test(name)) throw new Error('invalid alias name, can only include alphabetical characters');
    if (aliases.findIndex((each) => each.name === name) !== i) throw new Error(`duplicate alias name ${name}`);
  }
  checkPluginPolicy(plugins);
}
