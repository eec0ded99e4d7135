import { formatGoDuration } from '@keelson/base';
import { defaultOf, type FlagSpec, type FlagSpecs } from './flags.ts';
import { globalFlags } from './globals.ts';
import type { Verb, VerbEntry } from './types.ts';

const groups = [
  'Basic Commands (Beginner)',
  'Basic Commands (Intermediate)',
  'Deploy Commands',
  'Cluster Management Commands',
  'Troubleshooting and Debugging Commands',
  'Advanced Commands',
  'Settings Commands',
  'Other Commands',
];

/** What `kubectl` alone prints. */
export function overview(verbs: readonly VerbEntry[]): string {
  const width = nameWidth(verbs);
  const lists = groups.map((group) => `${group}:\n${list(inGroup(verbs, group), width)}`);
  return `kubectl controls the Kubernetes cluster manager.\n\n${lists.join('\n')}
Usage:
  kubectl [flags] [options]

Use "kubectl <command> --help" for more information about a given command.
Use "kubectl options" for a list of global command-line options (applies to all commands).
`;
}

/** The other commands stand by name, the rest as they are listed. */
function inGroup(verbs: readonly VerbEntry[], group: string): readonly VerbEntry[] {
  const own = verbs.filter((verb) => verb.group === group);
  return group === 'Other Commands' ? own.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : own;
}

/** Columns that names take in a list of which these are all. */
function nameWidth(verbs: readonly VerbEntry[]): number {
  return Math.max(11, ...verbs.map(({ name }) => name.length)) + 2;
}

function list(verbs: readonly VerbEntry[], width = nameWidth(verbs)): string {
  return verbs.map(({ name, summary }) => `  ${name.padEnd(width)} ${summary}\n`).join('');
}

/** What `kubectl <verb> --help` prints. */
export function verbHelp(verb: Verb, path: string, summary: string): string {
  const parts = [`${summary.replace(/\.?$/, '.')}${verb.description ? `\n\n ${verb.description}` : ''}\n`];
  if (verb.examples) parts.push(`Examples:\n${verb.examples.map((line) => `  ${line}`).join('\n')}\n`);
  if (verb.subverbs) parts.push(`Available Commands:\n${list(verb.subverbs)}`);
  const options = flagsHelp(verb.flags);
  if (options) parts.push(`Options:\n${options}`);
  parts.push(`Usage:\n  ${path.split(' ')[0]} ${verb.usage}\n`);
  if (verb.subverbs) parts.push(`Use "${path} <command> --help" for more information about a given command.\n`);
  return `${parts.join('\n')}${verb.subverbs ? '' : '\n'}Use "kubectl options" for a list of global command-line options (applies to all commands).\n`;
}

/** What `kubectl options` prints. */
export function optionsHelp(): string {
  return `The following options can be passed to any command:\n\n${flagsHelp(globalFlags)}`;
}

function flagsHelp(specs: FlagSpecs): string {
  return Object.entries(specs)
    .filter(([, { hidden }]) => !hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => `    ${spec.short ? `-${spec.short}, ` : ''}--${name}=${defaultText(spec)}:\n\t${spec.help}\n`)
    .join('\n');
}

function defaultText(spec: FlagSpec): string {
  const value = defaultOf(spec);
  if (spec.type === 'duration') return formatGoDuration(Number(value));
  if (Array.isArray(value)) return `[${value.join(',')}]`;
  return typeof value === 'string' ? `'${value}'` : String(value);
}
