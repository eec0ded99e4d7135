import { isLabelValue } from '@keelson/machinery';
import { ManyErrors, UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { namesFiles } from '../resource/files.ts';
import { eachFound, type Found, localFlag, selectionFlags, selectionOf } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type Verb } from '../types.ts';
import { causePatch, recorded, recordFlag } from './record.ts';

const flags = {
  ...selectionFlags,
  ...localFlag,
  ...outputFlags,
  ...dryRunFlag,
  ...recordFlag,
  all: { type: 'bool', help: 'Select all resources, in the namespace of the specified resource types' },
  'field-manager': { type: 'string', help: 'Name of the manager used to track field ownership.' },
  list: { type: 'bool', help: 'If true, display the labels or annotations for a given resource.' },
  overwrite: { type: 'bool', help: 'If true, allow values to be overwritten, otherwise reject updates that overwrite existing ones.' },
  'resource-version': {
    type: 'string',
    help: 'If non-empty, the update will only succeed if this is the current resource-version for the object.',
  },
} as const;

export interface Changes {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

type Field = 'labels' | 'annotations';

export const label: Verb = metadataVerb(
  'labels',
  'label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]',
);
export const annotate: Verb = metadataVerb(
  'annotations',
  'annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]',
);

function metadataVerb(field: Field, usage: string): Verb {
  const manager = { ...flags['field-manager'], default: field === 'labels' ? 'kubectl-label' : 'kubectl-annotate' } as const;
  return defineVerb({ usage, flags: { ...flags, 'field-manager': manager }, run: (context) => change(context, field) });
}

async function change(context: Context<typeof flags>, field: Field): Promise<void> {
  const { cluster, shell } = context;
  const { resources, pairs } = splitArguments(context.args);
  const changes = parseChanges(pairs, field);
  if (context.flags.all && context.flags.selector !== '') throw new Error('cannot set --all and --selector at the same time');
  if (resources.length === 0 && !namesFiles(context.flags))
    throw new Error('one or more resources must be specified as <resource> <name> or <resource>/<name>');
  if (context.flags.list && context.changed.has('output'))
    throw new UsageError('--list and --output may not be specified together', 'none');
  if (context.flags['resource-version'] && context.flags.all)
    throw new UsageError('--resource-version may only be used with a single resource', 'none');
  if (context.flags.local && !namesFiles(context.flags))
    throw new UsageError('can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set', 'none');
  const nothing = Object.keys(changes.set).length + changes.remove.length === 0;
  if (nothing && !context.flags.list)
    throw new UsageError(`at least one ${field === 'labels' ? 'label' : 'annotation'} update is required`, 'none');
  const single =
    resources.length > 0 &&
    resources.filter((each) => each.includes('/')).length + (resources.length === 2 && !resources[0]?.includes('/') ? 1 : 0) === 1;
  const operate = operation(context, field, changes, single);
  await eachFound(cluster, shell, { ...selectionOf(context), args: resources }, operate);
}

function operation(context: Context<typeof flags>, field: Field, changes: Changes, single: boolean): (found: Found) => Promise<void> {
  const { cluster, shell } = context;
  const dryRun = dryRunOf(context.flags['dry-run']);
  const print = resultPrinter(context);
  const nothing = Object.keys(changes.set).length + changes.remove.length === 0;
  return async (found) => {
    const { mapping, name, namespace, object } = found;
    const before = object.metadata[field] ?? {};
    if (context.flags.list && nothing) return listValues(context, before, heading(field, found, single));
    if (!context.flags.overwrite) refuseOverwriting(object, field, changes);
    for (const key of changes.remove)
      if (field === 'labels' && !Object.hasOwn(before, key)) shell.stdout.write(`label ${JSON.stringify(key)} not found.\n`);
    const wanted = changed(before, changes);
    const version = context.flags['resource-version'];
    const values = { ...changes.set, ...Object.fromEntries(changes.remove.map((key) => [key, null])) };
    const cause = causePatch(context)?.metadata.annotations;
    const annotations = cause ? { annotations: { ...(field === 'annotations' ? values : {}), ...cause } } : {};
    const patch = { metadata: { [field]: values, ...annotations, ...(version ? { resourceVersion: version } : {}) } };
    const manager = context.flags['field-manager'];
    const patched =
      dryRun === 'client' || context.flags.local
        ? recorded(context, { ...object, metadata: { ...object.metadata, [field]: wanted } })
        : await cluster.api.patch(mapping, { name, namespace }, 'application/merge-patch+json', patch, {
            fieldManager: manager,
            dryRun: dryRun === 'server',
          });
    if (context.flags.list) return listValues(context, patched.metadata[field] ?? {}, heading(field, found, single));
    print(patched, message(field, object.metadata[field] ?? {}, wanted, changes));
  };
}

function heading(field: Field, { mapping: { kind, group }, name }: Found, single: boolean): string {
  return single ? '' : `Listing ${field} for ${kind}.${group}/${name}:`;
}

/** Under a heading, where there may be several objects. */
function listValues({ shell }: Context, values: Readonly<Record<string, string>>, heading: string): void {
  if (heading !== '') shell.stdout.write(`${heading}\n`);
  for (const key of Object.keys(values).sort()) shell.stdout.write(`${heading === '' ? '' : ' '}${key}=${values[key]}\n`);
}

/** What happened, in upstream's words: labels tell apart what was done, annotations do not. */
export function message(
  field: Field,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  { set, remove }: Changes,
): string {
  if (field === 'annotations') return 'annotated';
  const same =
    Object.keys(before).length === Object.keys(after).length && Object.entries(after).every(([key, value]) => before[key] === value);
  if (same) return 'not labeled';
  if (!remove.some((key) => Object.hasOwn(before, key))) return 'labeled';
  return Object.keys(set).length > 0 ? 'modified' : 'unlabeled';
}

function changed(before: Readonly<Record<string, string>>, { set, remove }: Changes): Record<string, string> {
  const after = { ...before, ...set };
  for (const key of remove) delete after[key];
  return after;
}

function refuseOverwriting({ metadata }: AnyObject, field: Field, { set }: Changes): void {
  const before = metadata[field] ?? {};
  const errors = Object.entries(set)
    .filter(([key, value]) => Object.hasOwn(before, key) && before[key] !== value)
    .map(([key]) =>
      field === 'labels'
        ? new Error(`'${key}' already has a value (${before[key]}), and --overwrite is false`)
        : new Error(`--overwrite is false but found the following declared annotation(s): '${key}' already has a value (${before[key]})`),
    );
  if (errors.length > 0) throw new ManyErrors(errors);
}

/** Resources come first; the first argument with `=`, or with `-` at its end after a name, begins the changes. */
export function splitArguments(args: readonly string[]): { readonly resources: readonly string[]; readonly pairs: readonly string[] } {
  const isPair = (arg: string): boolean => arg.indexOf('=') > 0 || (arg.endsWith('-') && arg.length > 1);
  const start = args.findIndex(isPair);
  const at = start === -1 ? args.length : start;
  const rest = args.slice(at);
  const stray = rest.find((arg) => !isPair(arg));
  if (stray !== undefined) throw new UsageError(`all resources must be specified before label changes: ${stray}`, 'examples');
  return { resources: args.slice(0, at), pairs: rest };
}

/** Reads `a=b` and `c-`. @throws Error in kubectl's words for what cannot be a label or annotation. */
export function parseChanges(pairs: readonly string[], field: Field): Changes {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at === -1) remove.push(pair.slice(0, -1));
    else set[pair.slice(0, at)] = pair.slice(at + 1);
  }
  for (const [key, value] of Object.entries(set)) {
    if (remove.includes(key))
      throw new Error(
        field === 'labels'
          ? 'can not both modify and remove a label in the same command'
          : `can not both modify and remove the following annotation(s) in the same command: ${key}`,
      );
    if (field === 'labels' && value.includes('=')) throw new Error(`invalid label spec: ${key}=${value}`);
    const problems = field === 'labels' ? isLabelValue(value) : [];
    if (problems.length > 0) throw new Error(`invalid label value: ${JSON.stringify(`${key}=${value}`)}: ${problems.join('; ')}`);
  }
  return { set, remove };
}
