import { timestamp } from '@keelson/base';
import { toYaml } from '@keelson/machinery';
import type { Deployment, PodTemplateSpec } from '@keelson/types';
import { templateText } from '../../describe/template.ts';
import { UsageError } from '../../errors.ts';
import { jsonText } from '../../printers/objects.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../../printers/result.ts';
import { alignTabs } from '../../printers/tabwriter.ts';
import { kindText, resourceText } from '../../resource/mapper.ts';
import { eachFound, type Found, fileFlags, selectionOf, selectorFlag } from '../../resource/targets.ts';
import { untilState } from '../../resource/watch.ts';
import { type AnyObject, type Context, defineVerb, type Verb } from '../../types.ts';
import { cleanTemplate, deploymentRevisions, historyText, revisionToRestore } from './history.ts';
import { rolloutStatus } from './status.ts';

const common = { ...fileFlags, ...selectorFlag } as const;
const writing = {
  ...common,
  ...outputFlags,
  'field-manager': { type: 'string', default: 'kubectl-rollout', help: 'Name of the manager used to track field ownership.' },
} as const;

function requireArguments({ args, flags }: Context<typeof common>): void {
  if (args.length === 0 && flags.filename.length === 0) throw new UsageError('required resource not specified', 'none');
}

export const status: Verb = defineVerb({
  usage: 'rollout status (TYPE NAME | TYPE/NAME) [flags] [options]',
  flags: {
    ...common,
    revision: { type: 'int', help: 'Pin to a specific revision for showing its status. Defaults to 0 (last revision).' },
    timeout: { type: 'duration', help: 'The length of time to wait before ending watch, zero means never.' },
    watch: { type: 'bool', short: 'w', default: true, help: "Watch the status of the rollout until it's done." },
  },
  async run(context) {
    requireArguments(context);
    const { flags, cluster, shell } = context;
    await eachFound(cluster, shell, selectionOf(context), async (found) => {
      let last = '';
      const settled = (object: AnyObject | undefined): boolean => {
        if (!object) throw new Error('object has been deleted');
        const { message, done } = rolloutStatus(object, flags.revision);
        if (message !== last || done) shell.stdout.write(message);
        last = message;
        return done || !flags.watch;
      };
      const timeout = flags.timeout || -1;
      await untilState(cluster, found, { clock: shell.clock, signal: shell.signal, timeout }, settled);
    });
  },
});

export const history: Verb = defineVerb({
  usage: 'rollout history (TYPE NAME | TYPE/NAME) [flags] [options]',
  flags: { ...common, ...outputFlags, revision: { type: 'int', help: 'See the details, including podTemplate of the revision specified' } },
  async run(context) {
    requireArguments(context);
    const { flags, cluster, shell } = context;
    await eachFound(cluster, shell, selectionOf(context), async (found) => {
      const revisions = await deploymentRevisions(cluster, asDeployment(found, 'history viewer'));
      const title = `${kindText(found.mapping)}/${found.name} `;
      if (flags.output === 'json' || flags.output === 'yaml') {
        const shown =
          flags.revision > 0 ? revisionToRestore(revisions, flags.revision).template : { items: revisions.map(({ template }) => template) };
        return void shell.stdout.write(flags.output === 'json' ? jsonText(shown) : toYaml(shown));
      }
      if (flags.revision === 0 && revisions.length === 0) return void shell.stdout.write(`${title}\nNo rollout history found.\n`);
      if (flags.revision === 0) return void shell.stdout.write(`${title}\n${alignTabs(historyText(revisions))}\n`);
      const { template, cause, number } = revisionToRestore(revisions, flags.revision);
      const text = alignTabs(`Pod Template:\n${templateText(template, cause)}`);
      shell.stdout.write(`${title}with revision #${number}\n${text}\n`);
    });
  },
});

/** Only Deployments keep their history in ReplicaSets. */
function asDeployment({ object, mapping }: Found, what: string): Deployment {
  if (mapping.kind === 'Deployment') return object as unknown as Deployment;
  throw new Error(`no ${what} has been implemented for ${JSON.stringify(mapping.kind)}`);
}

export const undo: Verb = defineVerb({
  usage: 'rollout undo (TYPE NAME | TYPE/NAME) [flags] [options]',
  flags: {
    ...common,
    ...dryRunFlag,
    ...outputFlags,
    'to-revision': { type: 'int', help: 'The revision to rollback to. Default to 0 (last revision).' },
  },
  async run(context) {
    requireArguments(context);
    const { flags, cluster, shell } = context;
    const dryRun = dryRunOf(flags['dry-run']);
    const print = resultPrinter(context);
    await eachFound(cluster, shell, selectionOf(context), async (found) => {
      const deployment = asDeployment(found, 'rollbacker');
      const revisions = await deploymentRevisions(cluster, deployment);
      const { template, number, annotations } = revisionToRestore(revisions, flags['to-revision'], found.name);
      if (dryRun === 'client')
        return void shell.stdout.write(
          `${kindText(found.mapping)}/${found.name} Pod Template:\n${alignTabs(templateText(cleanTemplate(template)))}\n`,
        );
      if (deployment.spec?.paused) {
        throw new Error(
          `you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/${found.name}' and try again`,
        );
      }
      const clean = cleanTemplate(template);
      if (sameTemplate(clean, deployment.spec?.template))
        return print(found.object, `skipped rollback (current template already matches revision ${number})`);
      const patch = [
        { op: 'replace', path: '/spec/template', value: clean },
        { op: 'replace', path: '/metadata/annotations', value: restored(deployment, annotations) },
      ];
      const key = { name: found.name, namespace: found.namespace };
      print(
        await cluster.api.patch(found.mapping, key, 'application/json-patch+json', patch, { dryRun: dryRun === 'server' }),
        'rolled back',
      );
    });
  },
});

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

function patching(usage: string, done: string, patchOf: (found: Found, context: Context<typeof writing>) => object): Verb {
  return defineVerb({
    usage,
    flags: writing,
    async run(context) {
      requireArguments(context);
      const { flags, cluster, shell } = context;
      const print = resultPrinter(context);
      await eachFound(cluster, shell, selectionOf(context), async (found) => {
        const { mapping, name, namespace } = found;
        const patch = patchOf(found, context);
        const options = { fieldManager: flags['field-manager'] };
        print(await cluster.api.patch(mapping, { name, namespace }, 'application/strategic-merge-patch+json', patch, options), done);
      });
    },
  });
}

function requirePausable({ mapping, name, object }: Found, paused: boolean): void {
  if (mapping.kind !== 'Deployment')
    throw new Error(`${mapping.resource}.${mapping.group} ${JSON.stringify(name)} ${paused ? 'pausing' : 'resuming'} is not supported`);
  const is = (object as unknown as Deployment).spec?.paused ?? false;
  if (is === paused) throw new Error(`${resourceText(mapping)} ${JSON.stringify(name)} ${paused ? 'is already paused' : 'is not paused'}`);
}

export const pause: Verb = patching('rollout pause RESOURCE [options]', 'paused', (found) => {
  requirePausable(found, true);
  return { spec: { paused: true } };
});

export const resume: Verb = patching('rollout resume RESOURCE [options]', 'resumed', (found) => {
  requirePausable(found, false);
  return { spec: { paused: null } };
});

export const restart: Verb = patching('rollout restart RESOURCE [options]', 'restarted', ({ mapping, name, object }, { shell }) => {
  if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(mapping.kind)) {
    throw new Error(`${resourceText(mapping)} ${JSON.stringify(name)} restarting is not supported`);
  }
  if ((object as unknown as Deployment).spec?.paused) throw new Error(`can't restart paused deployment (run rollout resume first)`);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': timestamp(shell.clock) };
  return { spec: { template: { metadata: { annotations } } } };
});
