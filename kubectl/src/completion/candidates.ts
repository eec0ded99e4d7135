import type { Cluster } from '../cluster.ts';
import { resourceText } from '../resource/mapper.ts';
import type { Position } from './words.ts';

/** What may stand where the cursor is. */
export interface Candidates {
  /** A text, or a text with a tab and what it means. */
  readonly lines: readonly string[];
  /** Whether a file's name may, too. */
  readonly files: boolean;
}

const nothing: Candidates = { lines: [], files: false };
const files: Candidates = { lines: [], files: true };

/** Verbs whose arguments are of one type, and those whose first is a type and whose others are its names. */
const argumentTypes: Readonly<Record<string, string>> = {
  attach: 'pods',
  cordon: 'nodes',
  'certificate approve': 'certificatesigningrequests',
  'certificate deny': 'certificatesigningrequests',
  cp: 'pods',
  debug: 'pods',
  drain: 'nodes',
  exec: 'pods',
  logs: 'pods',
  'port-forward': 'pods',
  'top node': 'nodes',
  'top pod': 'pods',
  uncordon: 'nodes',
};
const typed = new Set([
  ...['annotate', 'autoscale', 'delete', 'describe', 'edit', 'expose', 'get', 'label', 'patch', 'scale', 'taint', 'wait', 'explain'],
  ...['apply edit-last-applied', 'apply view-last-applied', 'set env', 'set image'],
  ...['rollout history', 'rollout pause', 'rollout restart', 'rollout resume', 'rollout status', 'rollout undo'],
]);
const configNames: Readonly<Record<string, 'clusters' | 'contexts' | 'users'>> = {
  'config delete-cluster': 'clusters',
  'config delete-context': 'contexts',
  'config delete-user': 'users',
  'config get-contexts': 'contexts',
  'config rename-context': 'contexts',
  'config set-context': 'contexts',
  'config use-context': 'contexts',
};

/** All that fits what has been written so far. A server that does not answer has nothing to add. */
export async function candidatesFor(at: Position, cluster: Cluster): Promise<Candidates> {
  if (at.beyond) return files;
  const found = await allFor(at, cluster).catch(() => nothing);
  return { ...found, lines: found.lines.filter((line) => line.startsWith(at.current)).map((line) => at.prefix + line) };
}

async function allFor(at: Position, cluster: Cluster): Promise<Candidates> {
  if (at.flag !== undefined) return valuesOf(at, at.flag, cluster);
  if (at.current.startsWith('-')) return flagsOf(at);
  if (at.entries.length > 0)
    return { lines: at.entries.filter(({ name }) => name !== 'options').map(({ name, summary }) => `${name}\t${summary}`), files: false };
  const verb = at.path.join(' ');
  const section = configNames[verb];
  if (section) return named((cluster.config[section] ?? []).map(({ name }) => name));
  const type = argumentTypes[verb];
  if (type) return named(await namesOf(cluster, type));
  if (typed.has(verb)) return named(await typesOrNames(at, verb, cluster));
  return verb === 'completion' ? named(['bash', 'fish', 'zsh']) : nothing;
}

function named(lines: readonly string[]): Candidates {
  return { lines, files: false };
}

function flagsOf({ specs, flags }: Position): Candidates {
  const open = Object.entries(specs).filter(([name, { hidden }]) => !hidden && !flags.has(name));
  return named(open.map(([name, { help }]) => `--${name}\t${help}`));
}

const formats = ['json', 'yaml', 'name', 'jsonpath', 'jsonpath-as-json', 'jsonpath-file', 'custom-columns', 'custom-columns-file', 'wide'];

async function valuesOf(at: Position, flag: string, cluster: Cluster): Promise<Candidates> {
  const { config } = cluster;
  const known: Readonly<Record<string, () => readonly string[] | Promise<readonly string[]>>> = {
    cluster: () => (config.clusters ?? []).map(({ name }) => name),
    container: () => containersOf(at, cluster),
    context: () => (config.contexts ?? []).map(({ name }) => name),
    'dry-run': () => ['none', 'server', 'client'],
    namespace: () => namesOf(cluster, 'namespaces'),
    output: () => formats,
    user: () => (config.users ?? []).map(({ name }) => name),
  };
  const values = known[flag];
  return values ? named(await values()) : files;
}

async function containersOf({ args }: Position, cluster: Cluster): Promise<string[]> {
  const [name = ''] = args;
  const pods = (await cluster.mapper()).resolve('pods');
  const { spec } = await cluster.api.get(pods, { name: name.replace(/^pods?\//, ''), namespace: cluster.namespace });
  return ((spec as { containers?: { name: string }[] }).containers ?? []).map((container) => container.name);
}

async function typesOrNames({ args, current }: Position, verb: string, cluster: Cluster): Promise<string[]> {
  const [type, ...names] = args;
  if (verb === 'explain') return type === undefined ? typesOf(cluster) : [];
  if (type?.includes('/') || (type === undefined && current.includes('/'))) {
    const [of = ''] = current.split('/');
    return (await namesOf(cluster, of)).map((name) => `${of}/${name}`);
  }
  if (type === undefined) return typesOf(cluster);
  return (await namesOf(cluster, type)).filter((name) => !names.includes(name));
}

async function typesOf(cluster: Cluster): Promise<string[]> {
  const { resources } = await cluster.mapper();
  const listed = resources.filter(({ preferred, verbs }) => preferred && verbs.includes('list'));
  const first = new Map<string, string>();
  for (const each of listed) if (!first.has(each.resource)) first.set(each.resource, each.group);
  return listed.map((each) => (first.get(each.resource) === each.group ? each.resource : resourceText(each)));
}

async function namesOf(cluster: Cluster, type: string): Promise<string[]> {
  const mapping = (await cluster.mapper()).resolve(type);
  const { items } = await cluster.api.list(mapping, { namespace: mapping.namespaced ? cluster.namespace : undefined });
  return items.map(({ metadata }) => metadata.name ?? '');
}
