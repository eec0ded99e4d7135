import { UsageError } from '../errors.ts';
import { objectPrinter } from '../printers/objects.ts';
import { ColumnWriter } from '../printers/tabwriter.ts';
import type { ApiResource } from '../resource/discovery.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';

const resourceFlags = {
  'api-group': { type: 'string', help: 'Limit to resources in the specified API group.' },
  cached: { type: 'bool', help: 'Use the cached list of resources if available.' },
  categories: { type: 'list', help: 'Limit to resources that belong to the specified categories.' },
  namespaced: {
    type: 'bool',
    default: true,
    help: 'If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.',
  },
  'no-headers': {
    type: 'bool',
    help: "When using the default or custom-column output format, don't print headers (default print headers).",
  },
  output: { type: 'string', short: 'o', help: 'Output format. One of: (json, yaml, kyaml, name, wide).' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  'sort-by': { type: 'string', help: 'If non-empty, sort list of resources using specified field. One of (name, kind).' },
  verbs: { type: 'list', help: 'Limit to resources that support the specified verbs.' },
} as const;

export const verb = defineVerb({
  usage: 'api-resources [flags] [options]',
  flags: resourceFlags,
  async run(context) {
    const { args, flags, cluster, shell } = context;
    if (args.length > 0) throw new UsageError(`unexpected arguments: [${args.join(' ')}]`, 'examples');
    const print = ['', 'wide', 'name'].includes(flags.output)
      ? undefined
      : objectPrinter(flags.output, { formats: 'json,kyaml,name,wide,yaml' });
    if (!['', 'name', 'kind'].includes(flags['sort-by'])) throw new Error('--sort-by accepts only name or kind');
    const { resources } = await cluster.mapper();
    const listed = resources.filter((resource) => isWanted(context, resource)).sort(order(flags['sort-by']));
    if (print) return void shell.stdout.write(print(listOf(listed)));
    const text = flags.output === 'name' ? names(listed) : table(listed, flags.output === 'wide', flags['no-headers']);
    shell.stdout.write(text);
  },
});

/** What there is, as discovery would have it in one list. */
function listOf(resources: readonly ApiResource[]): AnyObject {
  const entries = resources.map(({ resource, singular, namespaced, group, version, kind, verbs, shortNames, categories }) => ({
    ...{ name: resource, singularName: singular, namespaced, kind, verbs, version },
    ...(group === '' ? {} : { group }),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  }));
  return {
    apiVersion: 'v1',
    kind: 'APIResourceList',
    groupVersion: '',
    resources: entries.length > 0 ? entries : null,
  } as unknown as AnyObject;
}

export const versions = defineVerb({
  usage: 'api-versions [options]',
  flags: {},
  async run({ args, cluster, shell }) {
    if (args.length > 0) throw new UsageError(`unexpected arguments: [${args.join(' ')}]`, 'examples');
    const { resources } = await cluster.mapper();
    const all = [...new Set(resources.map(({ apiVersion }) => apiVersion))].sort();
    shell.stdout.write(all.map((version) => `${version}\n`).join(''));
  },
});

function isWanted({ flags, changed }: Context<typeof resourceFlags>, resource: ApiResource): boolean {
  if (resource.verbs.length === 0) return false;
  if (!resource.preferred) return false;
  if (changed.has('api-group') && resource.group !== flags['api-group']) return false;
  if (changed.has('namespaced') && resource.namespaced !== flags.namespaced) return false;
  return flags.verbs.every((each) => resource.verbs.includes(each)) && flags.categories.every((each) => resource.categories.includes(each));
}

function order(by: string): (a: ApiResource, b: ApiResource) => number {
  const text = (resource: ApiResource): string => {
    if (by === 'name') return resource.resource;
    if (by === 'kind') return resource.kind;
    return `${resource.group}\0${resource.resource}`;
  };
  return (a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0);
}

function names(resources: readonly ApiResource[]): string {
  return resources.map(({ resource, group }) => `${group ? `${resource}.${group}` : resource}\n`).join('');
}

function table(resources: readonly ApiResource[], wide: boolean, noHeaders: boolean): string {
  const more = (cells: readonly string[]): readonly string[] => (wide ? cells : []);
  const header = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...more(['VERBS', 'CATEGORIES'])];
  const rows = resources.map((each) => [
    each.resource,
    each.shortNames.join(','),
    each.apiVersion,
    String(each.namespaced),
    each.kind,
    ...more([each.verbs.join(','), each.categories.join(',')]),
  ]);
  return new ColumnWriter().write(noHeaders ? rows : [header, ...rows]);
}
