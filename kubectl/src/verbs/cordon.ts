import { Node } from '@keelson/types';
import { throwAll, UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../printers/result.ts';
import { type Found, fetchTargets, requireNames, resolveTargets, type Selection, selectorFlag } from '../resource/targets.ts';
import { type Context, defineVerb, type Verb } from '../types.ts';

const flags = { ...selectorFlag, ...dryRunFlag } as const;

function cordonVerb(deed: 'cordon' | 'uncordon'): Verb {
  return defineVerb({
    usage: `${deed} NODE [options]`,
    flags,
    run: (context) => eachNode(context, (node) => setCordoned(context, node, deed)),
  });
}

/** Closes a node to new pods, or opens it again, and tells. */
export async function setCordoned(
  {
    cluster,
    shell,
    flags: { 'dry-run': asked },
  }: Pick<Context<typeof flags>, 'cluster' | 'shell'> & { readonly flags: { readonly 'dry-run': string } },
  { object, name }: Found,
  deed: 'cordon' | 'uncordon',
): Promise<void> {
  const dryRun = dryRunOf(asked);
  const closed = deed === 'cordon';
  const already = ((object.spec as { unschedulable?: boolean }).unschedulable ?? false) === closed;
  const patch = { spec: { unschedulable: closed || null } };
  if (!already && dryRun !== 'client')
    await cluster.api.patch(Node, { name }, 'application/strategic-merge-patch+json', patch, { dryRun: dryRun === 'server' });
  shell.stdout.write(`node/${name} ${already ? 'already ' : ''}${deed}ed${dryRunSuffix(dryRun)}\n`);
}

/** Hands over the nodes that are named. Where one of them is not there, none is; what goes wrong with one does not stop the others. */
export async function eachNode(context: Context<typeof selectorFlag>, visit: (node: Found) => Promise<void>): Promise<void> {
  const { cluster, shell } = context;
  const selection = nodesOf(context);
  const targets = await resolveTargets(cluster, shell, selection);
  requireNames(targets, selection);
  const { found, errors } = await fetchTargets(cluster, targets, selection);
  if (errors.length > 0) throw errors[0];
  const other = found.find(({ mapping }) => mapping.kind !== 'Node');
  if (other) {
    const { group, version, resource } = other.mapping;
    throw new Error(`expected resource of type node, got ${JSON.stringify(`${group}/${version}, Resource=${resource}`)}`);
  }
  const failed: unknown[] = [];
  for (const node of found) await visit(node).catch((error: unknown) => failed.push(error));
  throwAll(failed);
}

/** The nodes that arguments or a selector name. @throws UsageError for neither, and for both. */
function nodesOf({ args, flags, changed, path }: Context<typeof selectorFlag>): Selection {
  if (args.length === 0 && !changed.has('selector'))
    throw new UsageError(`USAGE: ${path.replace('kubectl ', '')} NODE [flags]`, 'examples');
  if (args.length > 0 && flags.selector !== '') throw new UsageError('cannot specify both a node name and a --selector option', 'examples');
  if (args.length > 0) return { args: args.map((node) => (node.includes('/') ? node : `node/${node}`)) };
  return flags.selector === '' ? { args: [] } : { args: ['nodes'], selector: flags.selector };
}

export const cordon: Verb = cordonVerb('cordon');
export const uncordon: Verb = cordonVerb('uncordon');
