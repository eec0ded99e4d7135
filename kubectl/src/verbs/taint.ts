import { isLabelValue, isQualifiedName } from '@keelson/machinery';
import type { Taint } from '@keelson/types';
import { UsageError } from '../errors.ts';
import { goOrder } from '../printers/go-order.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { eachFound, selectorFlag } from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export interface TaintChanges {
  readonly add: readonly Taint[];
  /** An empty effect removes all of the key. */
  readonly remove: readonly { readonly key: string; readonly effect: string }[];
}

export const verb = defineVerb({
  usage: 'taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]',
  flags: {
    ...selectorFlag,
    ...outputFlags,
    ...dryRunFlag,
    ...validateFlag,
    all: { type: 'bool', help: 'Select all nodes in the cluster' },
    'field-manager': { type: 'string', default: 'kubectl-taint', help: 'Name of the manager used to track field ownership.' },
    overwrite: {
      type: 'bool',
      help: 'If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.',
    },
  },
  async run(context) {
    const { args, flags, cluster, shell } = context;
    const first = args.findIndex((arg) => /[=:]|-$/.test(arg));
    const start = first === -1 ? args.length : first;
    if (start === 0) throw new Error('one or more resources must be specified as <resource> <name>');
    const changes = parseTaints(args.slice(start));
    if (changes.add.length + changes.remove.length === 0) throw new Error('at least one taint update is required');
    if (flags.all && flags.selector !== '') throw new Error("setting 'all' parameter with a non empty selector is prohibited");
    await requireNodes(context, args[0] ?? '');
    const dryRun = dryRunOf(flags['dry-run']);
    // Upstream's kubectl does not say that this was not really done.
    const pretend = resultPrinter({ shell, flags: { ...flags, 'dry-run': 'none' } }, await goOrder());
    const selection = { args: args.slice(0, start), selector: flags.selector, all: flags.all };
    await eachFound(cluster, shell, selection, async ({ mapping, object, name }) => {
      const before = (object.spec as { taints?: Taint[] }).taints ?? [];
      const after = changeTaints(before, changes, flags.overwrite, name);
      const done = flags.overwrite ? 'modified' : deed(changes);
      const patch = { spec: { taints: after }, metadata: { resourceVersion: object.metadata.resourceVersion } };
      if (dryRun === 'client') return pretend({ ...object, spec: { ...(object.spec as object), taints: after } }, done);
      pretend(
        await cluster.api.patch(mapping, { name }, 'application/merge-patch+json', patch, {
          dryRun: dryRun === 'server',
          fieldManager: flags['field-manager'],
          fieldValidation: fieldValidationOf(flags.validate),
        }),
        done,
      );
    });
  },
});

async function requireNodes({ cluster }: Context, argument: string): Promise<void> {
  const [type = ''] = argument.split('/');
  const mapping = (await cluster.mapper()).find(type);
  if (mapping && mapping.resource !== 'nodes') throw new Error(`invalid resource type ${type}, only node types are supported`);
}

/** What kubectl says it did. */
function deed({ add, remove }: TaintChanges): string {
  if (add.length > 0 && remove.length > 0) return 'modified';
  return add.length > 0 ? 'tainted' : 'untainted';
}

/** Reads `key=value:Effect`, `key:Effect`, `key:Effect-`, `key-`. @throws Error in kubectl's words. */
export function parseTaints(texts: readonly string[]): TaintChanges {
  const add: Taint[] = [];
  const remove: { key: string; effect: string }[] = [];
  for (const text of texts) {
    const dash = text.endsWith('-');
    const [spec = '', effect = '', ...more] = (dash ? text.slice(0, -1) : text).split(':');
    const [key = '', value, ...rest] = effect === '' ? [spec] : spec.split('=');
    const wrong = [...(value === undefined ? [] : isLabelValue(value)), ...isQualifiedName(key)];
    if (more.length + rest.length > 0) throw new UsageError(`invalid taint spec: ${text}`, 'examples');
    if (effect !== '' && !effects.includes(effect))
      throw new UsageError(`invalid taint effect: ${effect}, unsupported taint effect`, 'examples');
    if (wrong.length > 0) throw new UsageError(`invalid taint spec: ${text}, ${wrong.join('; ')}`, 'examples');
    if (dash) remove.push({ key, effect });
    else if (effect === '') throw new UsageError(`unknown taint spec: ${text}`, 'examples');
    else add.push({ key, ...(value ? { value } : {}), effect });
  }
  const twice = add.find(({ key, effect }, at) => add.slice(0, at).some((one) => one.key === key && one.effect === effect));
  if (twice)
    throw new UsageError(
      `duplicated taints with the same key and effect: {${twice.key} ${twice.value ?? ''} ${twice.effect} <nil>}`,
      'examples',
    );
  const both = remove.filter((each) => add.some(({ key, effect }) => key === each.key && (each.effect === '' || effect === each.effect)));
  if (both.length > 0)
    throw new Error(
      `can not both modify and remove the following taint(s) in the same command: ${both.map(({ key, effect }) => `${key}=${effect}`).join(', ')}`,
    );
  return { add, remove };
}

/** The taints a node has afterwards. @throws Error in kubectl's words for what is there already, or is not. */
export function changeTaints(before: readonly Taint[], { add, remove }: TaintChanges, overwrite: boolean, node: string): Taint[] {
  const same = (a: Pick<Taint, 'key' | 'effect'>, b: Taint): boolean => a.key === b.key && (a.effect === '' || a.effect === b.effect);
  const taken = add.filter((taint) => before.some((each) => same(taint, each)));
  if (taken.length > 0 && !overwrite) {
    throw new Error(
      `node ${node} already has ${taken.map(({ key }) => key).join(', ')} taint(s) with same effect(s) and --overwrite is false`,
    );
  }
  const missing = remove.find((taint) => !before.some((each) => same(taint, each)));
  if (missing) throw new Error(`taint ${JSON.stringify(missing.effect ? `${missing.key}:${missing.effect}` : missing.key)} not found`);
  return [...before.filter((each) => ![...add, ...remove].some((taint) => same(taint, each))), ...add];
}
