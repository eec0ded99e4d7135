import { readText } from '@keelson/client';
import { relaxedJsonPath } from '@keelson/machinery';
import type { Table } from '@keelson/types';
import { ManyErrors, throwAll, UsageError } from '../errors.ts';
import { asList, objectPrinter, tableFormats } from '../printers/objects.ts';
import { templateFlags } from '../printers/result.ts';
import { sortedByPath } from '../printers/sort.ts';
import { sortTable, TablePrinter } from '../printers/table.ts';
import { isNotFound, orCannotFind, orNoNamespace } from '../resource/cannot-find.ts';
import type { ApiResource } from '../resource/discovery.ts';
import { namesFiles } from '../resource/files.ts';
import { kindText } from '../resource/mapper.ts';
import { getSubresource } from '../resource/subresource.ts';
import { fetchTargets, resolveTargets, selectionFlags, selectionOf, type Target } from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';
import { fetchPlain } from './get-plain.ts';
import { watchTarget } from './get-watch.ts';

export const getFlags = {
  ...selectionFlags,
  ...templateFlags,
  'chunk-size': { type: 'int', default: 500, help: 'Return large lists in chunks rather than all at once. Pass 0 to disable.' },
  'ignore-not-found': { type: 'bool', help: 'If the requested object does not exist the command will return exit code 0.' },
  'label-columns': {
    type: 'list',
    short: 'L',
    help: 'Accepts a comma separated list of labels that are going to be presented as columns.',
  },
  'no-headers': {
    type: 'bool',
    help: "When using the default or custom-column output format, don't print headers (default print headers).",
  },
  output: {
    type: 'string',
    short: 'o',
    help: 'Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide).',
  },
  'output-watch-events': {
    type: 'bool',
    help: 'Output watch event objects when --watch or --watch-only is used. Existing objects are output as initial ADDED events.',
  },
  raw: { type: 'string', help: 'Raw URI to request from the server. Uses the transport specified by the kubeconfig file.' },
  'server-print': {
    type: 'bool',
    default: true,
    help: 'If true, have the server return the appropriate table output. Supports extension APIs and CRDs.',
  },
  'show-kind': { type: 'bool', help: 'If present, list the resource type for the requested object(s).' },
  'show-labels': { type: 'bool', help: 'When printing, show all labels as the last column (default hide labels column)' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  'sort-by': {
    type: 'string',
    help: "If non-empty, sort list types using this field specification, a JSONPath expression (e.g. '{.metadata.name}').",
  },
  subresource: { type: 'string', help: 'If specified, gets the subresource of the requested object.' },
  watch: { type: 'bool', short: 'w', help: 'After listing/getting the requested object, watch for changes.' },
  'watch-only': { type: 'bool', help: 'Watch for changes to the requested object(s), without listing/getting first.' },
} as const;

export type GetContext = Context<typeof getFlags>;

export const verb = defineVerb({
  usage:
    'get [(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]',
  description: 'Prints a table of the most important information about the specified resources.',
  flags: getFlags,
  async run(context) {
    const { flags, cluster, shell, args } = context;
    if (flags.raw) {
      checkRaw(context);
      return printRaw(context);
    }
    if (args.length === 0 && !namesFiles(flags)) {
      shell.stderr.write(
        'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\n',
      );
      throw new UsageError(
        'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).',
        'examples',
      );
    }
    if (flags['output-watch-events'] && !flags.watch && !flags['watch-only']) {
      throw new UsageError('--output-watch-events option can only be used with --watch or --watch-only', 'none');
    }
    if (flags['show-labels'] && !isTable(flags.output)) throw new Error(`--show-labels option cannot be used with ${flags.output} printer`);
    if ((flags.watch || flags['watch-only']) && flags['sort-by'])
      shell.stderr.write('warning: --watch requested, --sort-by will be ignored for watch events received\n');
    const unread: unknown[] = [];
    const targets = await resolveTargets(cluster, shell, selectionOf(context), unread);
    if (flags.subresource && targets.some(({ name }) => name === undefined))
      throw new Error('subresource cannot be used when bulk resources are specified');
    if (flags.watch || flags['watch-only']) {
      throwAll(unread);
      return watchTarget(context, targets);
    }
    if (!isTable(flags.output)) return throwAll([...unread, ...(await printObjects(context, targets, unread.length === 0))]);
    const errors = [...unread, ...(await printTables(context, targets))];
    if (errors.length > 0) throw new ManyErrors(errors);
  },
});

/** @throws UsageError for what `--raw` cannot stand beside. */
function checkRaw({ flags, args, changed }: GetContext): void {
  if (flags.watch || flags['watch-only'] || flags.selector !== '')
    throw new UsageError('--raw may not be specified with other flags that filter the server request or alter the output', 'none');
  if (args.length > 0) throw new UsageError('arguments may not be passed when --raw is specified', 'none');
  if (changed.has('output')) throw new UsageError('--raw and --output are mutually exclusive', 'none');
  if (!flags.raw.startsWith('/'))
    throw new UsageError(`--raw must be a valid URL path: parse ${JSON.stringify(flags.raw)}: invalid URI for request`, 'none');
}

export function isTable(output: string): boolean {
  return output === '' || output === 'wide';
}

async function printRaw({ cluster, shell, flags }: GetContext): Promise<void> {
  shell.stdout.write(await readText(await cluster.api.raw({ method: 'GET', path: flags.raw })));
}

/** Answers what failed, after all else was printed. @param alone whether one target is all that was asked for: it is printed without a list. */
async function printObjects(context: GetContext, targets: readonly Target[], alone: boolean): Promise<unknown[]> {
  const { cluster, shell, flags } = context;
  const print = objectPrinter(flags.output, {
    showManagedFields: flags['show-managed-fields'],
    allowMissingKeys: flags['allow-missing-template-keys'],
    noHeaders: flags['no-headers'],
    formats: tableFormats,
  });
  const { found, errors } = await fetchTargets(cluster, targets, selectionOf(context));
  const objects = found.map(({ object }) => object);
  const wanted = errors.filter((error) => !(flags['ignore-not-found'] && isNotFound(error)));
  const single = alone && targets.length === 1 && targets[0]?.name !== undefined;
  const nothing = objects.length === 0 && (single || flags['ignore-not-found']);
  const ordered = flags['sort-by'] ? sortedByPath(objects, relaxedJsonPath(flags['sort-by'])) : objects;
  if (!nothing) shell.stdout.write(print(asList(ordered, single)));
  return wanted;
}

/** The rows of consecutive targets of one type. */
interface Section {
  readonly mapping: ApiResource;
  table: Table;
}

/** Answers what failed, after all else was printed. */
async function printTables(context: GetContext, targets: readonly Target[]): Promise<unknown[]> {
  const { cluster, shell, flags } = context;
  const { sections, errors } = await fetchSections(context, targets);
  const withKind = flags['show-kind'] || new Set(sections.map(({ mapping }) => `${mapping.resource}.${mapping.group}`)).size > 1;
  const filled = sections.filter(({ table }) => table.rows.length > 0);
  const texts = filled.map(({ mapping, table }) => {
    const sorted = flags['sort-by'] ? sortTable(table, flags['sort-by']) : table;
    return tablePrinter(context, mapping, withKind).print(sorted);
  });
  shell.stdout.write(texts.join(flags['no-headers'] ? '' : '\n'));
  const wanted = errors.filter((error) => !(flags['ignore-not-found'] && isNotFound(error)));
  if (filled.length === 0 && errors.length === 0 && !flags['ignore-not-found']) {
    const namespaced = !flags['all-namespaces'] && targets.every(({ mapping }) => mapping.namespaced);
    shell.stderr.write(namespaced ? `No resources found in ${cluster.namespace} namespace.\n` : 'No resources found\n');
  }
  return wanted;
}

/** The printer of one type's rows, as the flags want them. */
export function tablePrinter({ flags }: GetContext, mapping: ApiResource, withKind: boolean): TablePrinter {
  return new TablePrinter({
    wide: flags.output === 'wide',
    noHeaders: flags['no-headers'],
    withNamespace: flags['all-namespaces'] && mapping.namespaced,
    kindPrefix: withKind ? kindText(mapping) : '',
    showLabels: flags['show-labels'],
    labelColumns: flags['label-columns'],
    events: flags['output-watch-events'],
  });
}

async function fetchSections(context: GetContext, targets: readonly Target[]): Promise<{ sections: Section[]; errors: unknown[] }> {
  const sections: Section[] = [];
  const errors: unknown[] = [];
  for (const target of targets) {
    try {
      const table = await fetchTable(context, target);
      const last = sections.at(-1);
      if (last?.mapping === target.mapping) last.table = { ...last.table, rows: [...last.table.rows, ...table.rows] };
      else sections.push({ mapping: target.mapping, table });
    } catch (error) {
      errors.push(error);
    }
  }
  return { sections, errors };
}

/** All pages of one target's rows. */
export async function fetchTable(context: GetContext, target: Target): Promise<Table> {
  const { cluster, flags } = context;
  const { mapping, namespace, name } = target;
  const query = {
    namespace,
    ...(name === undefined ? {} : { name }),
    ...(flags['sort-by'] ? { includeObject: 'Object' as const } : {}),
    labelSelector: flags.selector,
    fieldSelector: flags['field-selector'],
  };
  if (flags.subresource)
    return orNoNamespace(cluster, namespace, () =>
      getSubresource<Table>(cluster, { mapping, namespace, name }, flags.subresource, 'table'),
    );
  if (!flags['server-print']) return fetchPlain(context, target);
  if (name !== undefined) return orNoNamespace(cluster, namespace, () => cluster.api.table(mapping, query));
  let whole: Table | undefined;
  let token: string | undefined = '';
  do {
    const part = { ...query, limit: flags['chunk-size'], ...(token ? { continue: token } : {}) };
    const page: Table = await orCannotFind(mapping, query, () => cluster.api.table(mapping, part));
    whole = whole ? { ...whole, rows: [...whole.rows, ...(page.rows ?? [])] } : { ...page, rows: page.rows ?? [] };
    token = page.metadata?.continue;
  } while (token);
  return whole;
}
