import { throwAll } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import {
  type Found,
  fetchTargets,
  fileFlags,
  requireNames,
  resolveTargets,
  selectionOf,
  selectorFlag,
  type Target,
} from '../resource/targets.ts';
import { untilState } from '../resource/watch.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { causePatch, recordFlag } from './record.ts';

/** The groups of the built-in kinds that can be scaled. */
const scalable = new Set(['', 'apps']);

interface Scaled {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly observedGeneration?: number };
}

export const verb = defineVerb({
  usage: 'scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]',
  examples: ["# Scale a replica set named 'foo' to 3", 'kubectl scale --replicas=3 rs/foo'],
  flags: {
    ...fileFlags,
    ...selectorFlag,
    ...outputFlags,
    ...dryRunFlag,
    ...recordFlag,
    all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types' },
    'current-replicas': {
      type: 'int',
      default: -1,
      help: 'Precondition for current size. Requires that the current size of the resource match this value in order to scale.',
    },
    replicas: { type: 'int', help: 'The new desired number of replicas. Required.' },
    'resource-version': { type: 'string', help: 'Precondition for resource version.' },
    timeout: { type: 'duration', help: "The length of time to wait before giving up on a scale operation, zero means don't wait." },
  },
  async run(context) {
    const { flags, changed, cluster, shell } = context;
    if (!changed.has('replicas')) throw new Error('required flag(s) "replicas" not set');
    if (flags.replicas < 0) throw new Error('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0');
    const dryRun = dryRunOf(flags['dry-run']);
    const print = resultPrinter(context);
    const count = await eachUntilError(context, async ({ mapping, name, namespace, object }) => {
      const { spec } = object as Scaled;
      const current = flags['current-replicas'];
      if (current !== -1 && spec?.replicas !== current) throw new Error(`Expected replicas to be ${current}, was ${spec?.replicas ?? 0}`);
      const version = flags['resource-version'];
      if (version && object.metadata.resourceVersion !== version) {
        throw new Error(`Expected resource version to be ${version}, was ${object.metadata.resourceVersion}`);
      }
      if (dryRun !== 'client') {
        const patch = { ...(version ? { metadata: { resourceVersion: version } } : {}), spec: { replicas: flags.replicas } };
        const options = { subresource: 'scale', dryRun: dryRun === 'server', parent: mapping };
        await cluster.api.patch(mapping, { name, namespace }, 'application/merge-patch+json', patch, options);
        const cause = causePatch(context);
        if (cause) {
          await cluster.api.patch(mapping, { name, namespace }, 'application/merge-patch+json', cause, { dryRun: dryRun === 'server' });
        }
      }
      // Where the count of a custom object stands, only its definition says.
      const known = scalable.has(mapping.group);
      print(known ? { ...object, spec: { ...spec, replicas: flags.replicas } } : object, 'scaled');
      if (flags.timeout > 0 && dryRun === 'none') {
        await untilState(
          cluster,
          { mapping, namespace, name },
          { clock: shell.clock, signal: shell.signal, timeout: flags.timeout },
          (state) => isScaled(state, flags.replicas),
        );
      }
    });
    if (count === 0) throw new Error('no objects passed to scale');
  },
});

/**
 * What arguments name and is found is scaled, whatever is missing; manifests that say what they are, one after the other, until one is not
 * there.
 * @throws Error after all that could be done; the first failure to scale ends it.
 */
async function eachUntilError({ cluster, shell, ...context }: Context, visit: (found: Found) => Promise<void>): Promise<number> {
  const selection = selectionOf(context);
  const unread: unknown[] = [];
  const targets = await resolveTargets(cluster, shell, selection, unread);
  requireNames(targets, selection);
  let count = 0;
  const visitAll = async (some: readonly Target[]): Promise<unknown[]> => {
    const { found, errors } = await fetchTargets(cluster, some, selection);
    for (const each of found) {
      count++;
      await visit(each);
    }
    return errors;
  };
  for (const target of targets.filter(({ local }) => local)) throwAll(await visitAll([target]));
  const errors = [...unread, ...(await visitAll(targets.filter(({ local }) => !local)))];
  throwAll(errors);
  return count;
}

function isScaled(state: AnyObject | undefined, wanted: number): boolean {
  const { spec, status } = (state ?? {}) as Scaled;
  if (spec?.replicas !== wanted) return true;
  return (status?.replicas ?? 0) === wanted && (status?.observedGeneration ?? 0) >= (state?.metadata.generation ?? 0);
}
