import { compareStrings } from '@keelson/machinery';
import type { Cluster } from '../cluster.ts';
import { resourceText } from '../resource/mapper.ts';
import type { AnyObject, VerbEntry } from '../types.ts';
import { havingPods, type Rule, requiredFlags, rules } from './rules.ts';
import type { Position } from './words.ts';

/** What may stand where the cursor is. */
export interface Candidates {
  /** A text, or a text with a tab and what it means. */
  readonly lines: readonly string[];
  /** What the shell is to do with them: a sum of `directives`. */
  readonly directive: number;
}

/** Nothing follows a candidate, not even a space; no file may stand there; the candidates are the endings of files that may. */
export const directives = { noSpace: 2, noFiles: 4, fileEndings: 8 } as const;

/** What plugins add. */
export interface Plugins {
  words(before: readonly string[]): readonly string[];
  candidates(words: readonly string[], current: string): Promise<Candidates | undefined>;
}

const files: Candidates = { lines: [], directive: 0 };

/** All that fits what has been written so far. A server that does not answer has nothing to add. */
export async function candidatesFor(at: Position, cluster: Cluster, verbs: readonly VerbEntry[], plugins: Plugins): Promise<Candidates> {
  if (at.unknown) return files;
  if (at.flag !== undefined) return fitting(at, await valuesOf(at, at.flag, cluster));
  if (at.current.startsWith('-') && !at.beyond) return named(flagsOf(at).filter((line) => line.startsWith(at.current)));
  const required = requiredOf(at);
  if (at.entries.length > 0 && !at.changesVerb) return fitting(at, named([...subverbsOf(at, plugins), ...required]));
  if (at.path.length === 0 && at.args[0] === 'help') return fitting(at, named(await verbsAfter(at.args.slice(1), verbs)));
  if (at.path.length === 0) return (await plugins.candidates(at.args, at.current)) ?? files;
  const rule = rules[at.path.join(' ')];
  if (!rule) return { ...files, lines: required };
  const { lines, directive } = fitting(at, await following(rule, at, cluster).catch(() => named([])));
  return { lines: [...required, ...lines], directive };
}

function named(lines: readonly string[]): Candidates {
  return { lines, directive: directives.noFiles };
}

/** Those that begin as what is written; where all end in a slash, more is to come. */
function fitting({ current }: Position, { lines, directive }: Candidates): Candidates {
  if ((directive & directives.fileEndings) !== 0) return { lines, directive };
  const fit = lines.filter((line) => line.startsWith(current));
  const goesOn = fit.length > 0 && fit.every((line) => line.endsWith('/'));
  return { lines: fit, directive: goesOn ? directive | directives.noSpace : directive };
}

const help = 'help\tHelp about any command';

function subverbsOf({ entries, path }: Position, plugins: Plugins): string[] {
  const own = entries.map(({ name, summary }) => `${name}\t${summary}`);
  const more = path.length === 0 ? [help, ...plugins.words([])] : [];
  return [...own, ...more].sort(compareStrings);
}

function requiredOf({ path, specs, flags }: Position): string[] {
  const open = (requiredFlags[path.join(' ')] ?? []).filter((name) => !flags.has(name));
  return open.map((name) => `--${name}\t${specs[name]?.help ?? ''}`);
}

/** The flags that are required and not given yet; else all that may still be given. */
function flagsOf(at: Position): string[] {
  const required = requiredOf(at).filter((line) => line.startsWith(at.current));
  if (required.length > 0) return required;
  const open = Object.entries(at.specs).filter(
    ([name, { hidden, deprecated, type }]) =>
      (!hidden || name === 'help') && deprecated === undefined && (!at.flags.has(name) || type === 'list' || type === 'array'),
  );
  return open.flatMap(([name, { help, short }]) => [`--${name}\t${help}`, ...(short ? [`-${short}\t${help}`] : [])]);
}

const formats = [
  ...['json', 'yaml', 'kyaml', 'name', 'go-template', 'go-template-file', 'template', 'templatefile'],
  ...['jsonpath', 'jsonpath-as-json', 'jsonpath-file', 'custom-columns', 'custom-columns-file', 'wide'],
];

async function valuesOf(at: Position, flag: string, cluster: Cluster): Promise<Candidates> {
  const { config } = cluster;
  const verb = at.path.join(' ');
  if (flag === 'cluster') return named((config.clusters ?? []).map(({ name }) => name));
  if (flag === 'context') return named((config.contexts ?? []).map(({ name }) => name));
  if (flag === 'user') return named((config.users ?? []).map(({ name }) => name));
  if (flag === 'namespace') return named(await namesOf(cluster, 'namespaces').catch(() => []));
  if (flag === 'filename') return { lines: ['json', 'yaml', 'yml'], directive: directives.fileEndings };
  if (flag === 'output' && verb === 'get') return named(formats);
  if (flag === 'container' && verb === 'exec') return named(await containersOf(at.args[0] ?? '', cluster).catch(() => []));
  return files;
}

async function following(rule: Rule, at: Position, cluster: Cluster): Promise<Candidates> {
  const { args, current } = at;
  const first = args.length === 0;
  switch (rule.of) {
    case 'objects':
      return named(await objects(rule.once === true, at, cluster));
    case 'kinds':
      return named(await ofKinds(rule.kinds, rule.once === true, at, cluster));
    case 'pods':
      if (rule.containers && args.length === 1) return named(await containersOf(args[0] ?? '', cluster));
      if (!first) return named([]);
      return named(current.includes('/') ? await placedNames(current, cluster) : [...(await namesOf(cluster, 'pods')), ...havingPods]);
    case 'name':
      return named(first ? await namesOf(cluster, rule.type) : []);
    case 'config':
      return named(first ? (cluster.config[rule.section] ?? []).map(({ name }) => name) : []);
    case 'words':
      return first ? named(rule.words) : files;
    case 'copy':
      return { lines: first ? await places(current, cluster) : [], directive: directives.noSpace };
  }
}

/** Types, `type/name` once one has been written so, or the names of the types before. */
async function objects(once: boolean, { args, current }: Position, cluster: Cluster): Promise<string[]> {
  const [type, ...names] = args;
  if (type === undefined) {
    if (current.includes('/')) return placedNames(current, cluster);
    const before = current.slice(0, current.lastIndexOf(',') + 1);
    return (await typesOf(cluster)).map((each) => before + each);
  }
  if (once && (names.length > 0 || type.includes('/'))) return [];
  if (!type.includes('/')) return (await namesOf(cluster, type)).filter((name) => !names.includes(name));
  if (!current.includes('/')) return (await typesOf(cluster)).map((each) => `${each}/`);
  return (await placedNames(current, cluster)).filter((name) => !args.includes(name));
}

async function ofKinds(kinds: readonly string[], once: boolean, { args, current }: Position, cluster: Cluster): Promise<readonly string[]> {
  const [type, ...names] = args;
  if (type === undefined) return current.includes('/') ? placedNames(current, cluster) : kinds;
  if (type.includes('/') || (once && names.length > 0)) return [];
  return (await namesOf(cluster, type)).filter((name) => !names.includes(name));
}

/** `deploy/web` and its like, the type as it is written. */
async function placedNames(current: string, cluster: Cluster): Promise<string[]> {
  const [type = ''] = current.split('/');
  return (await namesOf(cluster, type)).map((name) => `${type}/${name}`);
}

/** Namespaces, pods, and where files here begin. */
async function places(current: string, cluster: Cluster): Promise<string[]> {
  if (current.includes(':')) return [];
  const [namespace, ...rest] = current.split('/');
  if (rest.length > 0) return namespace ? (await namesOf(cluster, 'pods', namespace)).map((name) => `${namespace}/${name}:`) : [];
  const namespaces = (await namesOf(cluster, 'namespaces')).map((name) => `${name}/`);
  const pods = (await namesOf(cluster, 'pods')).map((name) => `${name}:`);
  return [...namespaces, ...pods, ...(current === '' ? ['./', '/'] : [])];
}

async function verbsAfter(names: readonly string[], verbs: readonly VerbEntry[]): Promise<string[]> {
  let entries = verbs;
  for (const name of names) entries = (await entries.find((each) => each.name === name)?.load())?.subverbs ?? [];
  const own = entries.map(({ name, summary }) => `${name}\t${summary}`);
  return (names.length === 0 ? [...own, help] : own).sort(compareStrings);
}

interface WithContainers {
  readonly initContainers?: readonly { readonly name: string }[];
  readonly containers?: readonly { readonly name: string }[];
  readonly template?: { readonly spec?: WithContainers };
}

/** The containers of a pod, or of what makes pods. */
async function containersOf(name: string, cluster: Cluster): Promise<string[]> {
  const [type = '', own] = name.includes('/') ? name.split('/') : ['pods', name];
  const mapping = (await cluster.mapper()).resolve(type);
  const { spec } = await cluster.api.get<AnyObject>(mapping, { name: own ?? '', namespace: cluster.namespace });
  const { template, ...bare } = spec as WithContainers;
  const { initContainers = [], containers = [] } = template?.spec ?? bare;
  return [...initContainers, ...containers].map((container) => container.name);
}

async function typesOf(cluster: Cluster): Promise<string[]> {
  const { resources } = await cluster.mapper();
  return resources
    .filter(({ preferred, verbs }) => preferred && verbs.includes('get'))
    .sort((a, b) => compareStrings(a.group, b.group) || compareStrings(a.resource, b.resource))
    .map(resourceText);
}

/** The names of one type after the other, which commas part. */
async function namesOf(cluster: Cluster, types: string, namespace = cluster.namespace): Promise<string[]> {
  const mapper = await cluster.mapper();
  const lists = await Promise.all(
    types.split(',').map((type) => {
      const mapping = mapper.resolve(type);
      return cluster.api.list<AnyObject>(mapping, { namespace: mapping.namespaced ? namespace : undefined });
    }),
  );
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? ''));
}
