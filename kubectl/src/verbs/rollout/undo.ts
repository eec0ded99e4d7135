import type { Deployment, PodTemplateSpec } from '@keelson/types';
import { templateText } from '../../describe/template.ts';
import { goOrder } from '../../printers/go-order.ts';
import { jsonText } from '../../printers/objects.ts';
import { type DryRun, dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../../printers/result.ts';
import { kindText } from '../../resource/mapper.ts';
import { eachFound, type Found, selectionOf } from '../../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type Verb } from '../../types.ts';
import { keptRevisions, keptToRestore } from './controller-revisions.ts';
import { common, requireArguments } from './flags.ts';
import { cleanTemplate, deploymentRevisions, revisionToRestore } from './history.ts';
import { withoutRollouts } from './verbs.ts';

const undoFlags = {
  ...common,
  ...dryRunFlag,
  ...outputFlags,
  'to-revision': { type: 'int', help: 'The revision to rollback to. Default to 0 (last revision).' },
} as const;

type Print = (object: AnyObject, operation: string) => void;

export const undo: Verb = defineVerb({
  usage: 'rollout undo (TYPE NAME | TYPE/NAME) [flags] [options]',
  flags: undoFlags,
  async run(context) {
    requireArguments(context);
    const { flags, cluster, shell } = context;
    const print = resultPrinter(context, await goOrder());
    const dryRun = dryRunOf(flags['dry-run']);
    await eachFound(cluster, shell, { ...selectionOf(context), all: true }, async (found) => {
      const { kind } = found.mapping;
      if (kind === 'Deployment') return undoDeployment(context, found, dryRun, print);
      if (kind === 'DaemonSet' || kind === 'StatefulSet') return undoSet(context, found, dryRun, print);
      throw withoutRollouts(found, 'rollbacker', 'rollbacker');
    });
  },
});

async function undoDeployment(
  { flags, cluster, shell }: Context<typeof undoFlags>,
  found: Found,
  dryRun: DryRun,
  print: Print,
): Promise<void> {
  const deployment = found.object as unknown as Deployment;
  const revisions = await deploymentRevisions(cluster, deployment);
  const { template, number, annotations } = revisionToRestore(revisions, flags['to-revision'], found.name);
  if (dryRun === 'client') return void shell.stdout.write(preview(found, template));
  if (deployment.spec?.paused) {
    throw new Error(`you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`);
  }
  const clean = cleanTemplate(template);
  if (sameTemplate(clean, deployment.spec?.template))
    return print(found.object, `skipped rollback (current template already matches revision ${number})`);
  const patch = [
    { op: 'replace', path: '/spec/template', value: clean },
    { op: 'replace', path: '/metadata/annotations', value: restored(deployment, annotations) },
  ];
  const key = { name: found.name, namespace: found.namespace };
  print(await cluster.api.patch(found.mapping, key, 'application/json-patch+json', patch, { dryRun: dryRun === 'server' }), 'rolled back');
}

/** A DaemonSet or StatefulSet goes back by the very patch that its revision is. */
async function undoSet({ flags, cluster, shell }: Context<typeof undoFlags>, found: Found, dryRun: DryRun, print: Print): Promise<void> {
  const { template, patch, number } = keptToRestore(await keptRevisions(cluster, found), flags['to-revision']);
  if (dryRun === 'client') return void shell.stdout.write(preview(found, template));
  const { spec } = found.object as { spec?: { template?: PodTemplateSpec } };
  if (sameTemplate(template, spec?.template))
    return print(found.object, `skipped rollback (current template already matches revision ${number})`);
  const key = { name: found.name, namespace: found.namespace };
  const options = { dryRun: dryRun === 'server' };
  print(await cluster.api.patch(found.mapping, key, 'application/strategic-merge-patch+json', patch, options), 'rolled back');
}

function preview({ mapping, name }: Found, template: PodTemplateSpec): string {
  return `${kindText(mapping)}/${name} Pod Template:\n${templateText(template)} (dry run)\n`;
}

function sameTemplate(wanted: PodTemplateSpec, current: PodTemplateSpec | undefined): boolean {
  return (
    current !== undefined &&
    jsonText({ ...wanted, metadata: { ...wanted.metadata } }) === jsonText({ ...current, metadata: { ...current.metadata } })
  );
}

/** Annotations that belong to the Deployment itself and stay as they are. */
const kept = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

function restored({ metadata }: Deployment, old: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => kept.has(key));
  const theirs = Object.entries(old).filter(([key]) => !kept.has(key));
  return Object.fromEntries([...own, ...theirs]);
}
