import { timestamp } from '@keelson/base';
import type { Deployment } from '@keelson/types';
import type { Cluster } from '../../cluster.ts';
import { templateText } from '../../describe/template.ts';
import { goOrder } from '../../printers/go-order.ts';
import { outputFlags, resultPrinter } from '../../printers/result.ts';
import { alignTabs } from '../../printers/tabwriter.ts';
import { kindText, resourceText } from '../../resource/mapper.ts';
import { eachFound, type Found, selectionOf } from '../../resource/targets.ts';
import { untilState } from '../../resource/watch.ts';
import { type AnyObject, type Context, defineVerb, type Verb } from '../../types.ts';
import { keptRevisions } from './controller-revisions.ts';
import { common, requireArguments } from './flags.ts';
import { deploymentRevisions, historyText, type Revision } from './history.ts';
import { rolloutStatus } from './status.ts';

const writing = {
  ...common,
  ...outputFlags,
  'field-manager': { type: 'string', default: 'kubectl-rollout', help: 'Name of the manager used to track field ownership.' },
} as const;

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
    const count = await eachFound(cluster, shell, { ...selectionOf(context), all: true }, async (found) => {
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
    if (count === 0) shell.stderr.write(`No resources found in ${cluster.namespace} namespace.\n`);
  },
});

export const history: Verb = defineVerb({
  usage: 'rollout history (TYPE NAME | TYPE/NAME) [flags] [options]',
  flags: { ...common, ...outputFlags, revision: { type: 'int', help: 'See the details, including podTemplate of the revision specified' } },
  async run(context) {
    requireArguments(context);
    const { flags, changed, cluster, shell } = context;
    if (flags.revision < 0) throw new Error(`revision must be a positive integer: ${flags.revision}`);
    const print = resultPrinter(context, await goOrder());
    await eachFound(cluster, shell, { ...selectionOf(context), all: true }, async (found) => {
      const revisions = await revisionsOfFound(cluster, found);
      const title = `${kindText(found.mapping)}/${found.name} `;
      if (changed.has('output')) {
        const shown = flags.revision > 0 ? [revisionAt(revisions, flags.revision)] : revisions;
        for (const { object } of shown) print(object, '');
        return;
      }
      // A template alone is of the workload, not of its revisions.
      if (flags.template !== '') return print(found.object, '');
      const chosen = flags.revision === 0 ? '' : `with revision #${flags.revision}`;
      if (revisions.length === 0) return void shell.stdout.write(`${title}${chosen}\nNo rollout history found.\n`);
      if (flags.revision === 0) return void shell.stdout.write(`${title}\n${alignTabs(historyText(revisions))}\n`);
      const { template, cause } = revisionAt(revisions, flags.revision);
      shell.stdout.write(`${title}${chosen}\nPod Template:\n${templateText(template, cause)}\n`);
    });
  },
});

/** Kinds that upstream's kubectl knows of, though they have no rollouts. */
const visited = new Set([' ReplicationController', ' Pod', 'apps ReplicaSet', 'batch Job', 'batch CronJob']);

/** Of a kind without rollouts, in upstream's words. */
export function withoutRollouts({ mapping: { group, kind } }: Found, who: 'rollbacker' | 'history viewer', what: string): Error {
  const named = JSON.stringify(group === '' ? kind : `${kind}.${group}`);
  if (visited.has(`${group} ${kind}`)) return new Error(`no ${who} has been implemented for ${named}`);
  return new Error(`error retrieving ${what} for ${named}, no visitor method exists for {${group} ${kind}}`);
}

/** What the kind keeps of its templates. @throws Error in kubectl's words for a kind that keeps nothing. */
function revisionsOfFound(cluster: Cluster, found: Found): Promise<Revision[]> {
  const { kind } = found.mapping;
  if (kind === 'Deployment') return deploymentRevisions(cluster, found.object as unknown as Deployment);
  if (kind === 'DaemonSet' || kind === 'StatefulSet') return keptRevisions(cluster, found);
  throw withoutRollouts(found, 'history viewer', 'history');
}

function revisionAt(revisions: readonly Revision[], wanted: number): Revision {
  const found = revisions.find(({ number }) => number === wanted);
  if (!found) throw new Error('unable to find the specified revision');
  return found;
}

function patching(usage: string, done: string, patchOf: (found: Found, context: Context<typeof writing>) => object): Verb {
  return defineVerb({
    usage,
    flags: writing,
    async run(context) {
      requireArguments(context);
      const { flags, cluster, shell } = context;
      const print = resultPrinter(context, await goOrder());
      const count = await eachFound(cluster, shell, { ...selectionOf(context), all: true }, async (found) => {
        const { mapping, name, namespace } = found;
        const patch = patchOf(found, context);
        const options = { fieldManager: flags['field-manager'] };
        print(await cluster.api.patch(mapping, { name, namespace }, 'application/strategic-merge-patch+json', patch, options), done);
      });
      if (count === 0) shell.stderr.write(`No resources found in ${cluster.namespace} namespace.\n`);
    },
  });
}

function requirePausable({ mapping, name, object }: Found, paused: boolean): void {
  if (mapping.kind !== 'Deployment')
    throw new Error(`${resourceText(mapping)} ${JSON.stringify(name)} ${paused ? 'pausing' : 'resuming'} is not supported`);
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
  if ((object as unknown as Deployment).spec?.paused) {
    throw new Error(`${resourceText(mapping)} ${JSON.stringify(name)} can't restart paused deployment (run rollout resume first)`);
  }
  const annotations = { 'kubectl.kubernetes.io/restartedAt': timestamp(shell.clock) };
  return { spec: { template: { metadata: { annotations } } } };
});
