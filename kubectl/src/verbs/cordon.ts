import { Node } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { throwAll, UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../printers/result.ts';
import { type Found, fetchTargets, requireNames, resolveTargets, type Selection, selectorFlag } from '../resource/targets.ts';
import { type Context, defineVerb, type Verb } from '../types.ts';

function cordonVerb(name: string, unschedulable: boolean): Verb {
  return defineVerb({
    usage: `${name} NODE [options]`,
    flags: { ...selectorFlag, ...dryRunFlag },
    async run(context) {
      const { flags, cluster, shell } = context;
      const dryRun = dryRunOf(flags['dry-run']);
      await eachNode(context, async ({ object, name: node }) => {
        const already = ((object.spec as { unschedulable?: boolean }).unschedulable ?? false) === unschedulable;
        if (!already && dryRun !== 'client') await setUnschedulable(cluster, node, unschedulable, dryRun === 'server');
        shell.stdout.write(`node/${node} ${already ? 'already ' : ''}${name}ed${dryRunSuffix(dryRun)}\n`);
      });
    },
  });
}

/** Hands over the nodes that are named. Where one of them is not there, none is; what goes wrong with one does not stop the others. */
export async function eachNode(context: Context<typeof selectorFlag>, visit: (node: Found) => Promise<void>): Promise<void> {
  const { cluster, shell } = context;
  const selection = nodesOf(context);
  const targets = await resolveTargets(cluster, shell, selection);
  requireNames(targets, selection);
  const { found, errors } = await fetchTargets(cluster, targets, selection);
  if (errors.length > 0) throw errors[0];
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

export async function setUnschedulable(cluster: Cluster, name: string, unschedulable: boolean, dryRun: boolean): Promise<void> {
  const patch = { spec: { unschedulable: unschedulable || null } };
  await cluster.api.patch(Node, { name }, 'application/strategic-merge-patch+json', patch, { dryRun });
}

export const cordon: Verb = cordonVerb('cordon', true);
export const uncordon: Verb = cordonVerb('uncordon', false);
