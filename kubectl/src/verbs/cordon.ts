import { Node } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../printers/result.ts';
import { eachFound, selectorFlag } from '../resource/targets.ts';
import { defineVerb, type Verb } from '../types.ts';

function cordonVerb(name: string, unschedulable: boolean): Verb {
  return defineVerb({
    usage: `${name} NODE [options]`,
    flags: { ...selectorFlag, ...dryRunFlag },
    async run({ args, flags, cluster, shell, path }) {
      if (args.length === 0 && flags.selector === '')
        throw new UsageError(`USAGE: ${path.replace('kubectl ', '')} NODE [flags]`, 'examples');
      const dryRun = dryRunOf(flags['dry-run']);
      const selection =
        args.length > 0
          ? { args: args.map((node) => (node.includes('/') ? node : `node/${node}`)) }
          : { args: ['nodes'], selector: flags.selector };
      await eachFound(cluster, shell, selection, async ({ object, name: node }) => {
        const already = ((object.spec as { unschedulable?: boolean }).unschedulable ?? false) === unschedulable;
        if (!already && dryRun !== 'client') await setUnschedulable(cluster, node, unschedulable, dryRun === 'server');
        shell.stdout.write(`node/${node} ${already ? 'already ' : ''}${name}ed${dryRunSuffix(dryRun)}\n`);
      });
    },
  });
}

export async function setUnschedulable(cluster: Cluster, name: string, unschedulable: boolean, dryRun: boolean): Promise<void> {
  const patch = { spec: { unschedulable: unschedulable || null } };
  await cluster.api.patch(Node, { name }, 'application/strategic-merge-patch+json', patch, { dryRun });
}

export const cordon: Verb = cordonVerb('cordon', true);
export const uncordon: Verb = cordonVerb('uncordon', false);
