import { isQualifiedName } from '@keelson/machinery';
import type { Taint } from '@keelson/types';
import { UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { eachFound, selectorFlag } from '../resource/targets.ts';
import { defineVerb } from '../types.ts';

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
    all: { type: 'bool', help: 'Select all nodes in the cluster' },
    overwrite: {
      type: 'bool',
      help: 'If true, allow taints to be overwritten, otherwise reject taint updates that overwrite existing taints.',
    },
  },
  async run(context) {
    const { args, flags, cluster, shell } = context;
    const start = args.findIndex((arg) => /[=:]|-$/.test(arg));
    if (args.length === 0 || start === -1) throw new UsageError('at least one taint update is required', 'examples');
    const changes = parseTaints(args.slice(start));
    const dryRun = dryRunOf(flags['dry-run']);
    const print = resultPrinter(context);
    const selection = { args: args.slice(0, start), selector: flags.selector, all: flags.all };
    await eachFound(cluster, shell, selection, async ({ mapping, object, name }) => {
      const before = (object.spec as { taints?: Taint[] }).taints ?? [];
      const after = changeTaints(before, changes, flags.overwrite, name);
      const done = flags.overwrite ? 'modified' : deed(changes);
      const patch = { spec: { taints: after }, metadata: { resourceVersion: object.metadata.resourceVersion } };
      if (dryRun === 'client') return print({ ...object, spec: { ...(object.spec as object), taints: after } }, done);
      print(
        await cluster.api.patch(mapping, { name }, 'application/merge-patch+json', patch, {
          dryRun: dryRun === 'server',
          fieldManager: 'kubectl-taint',
        }),
        done,
      );
    });
  },
});

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
    const [, key, value, effect = '', dash] = /^([^=:]+?)(?:=([^:]*))?(?::([^:-]*))?(-)?$/.exec(text) ?? [];
    const wrong = key === undefined ? [''] : isQualifiedName(key);
    if (key === undefined || wrong.length > 0)
      throw new UsageError(`invalid taint spec: ${text}${wrong.map((why) => `, ${why}`).join('')}`, 'examples');
    if (effect !== '' && !effects.includes(effect)) throw new Error(`invalid taint effect: ${effect}, unsupported taint effect`);
    if (dash) remove.push({ key, effect });
    else if (effect === '') throw new Error(`unknown taint spec: ${text}`);
    else add.push({ key, ...(value ? { value } : {}), effect });
  }
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
