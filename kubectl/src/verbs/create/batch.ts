import type { CronJob } from '@keelson/types';
import { fetchOne } from '../../resource/targets.ts';
import type { AnyObject, Context, Verb } from '../../types.ts';
import { commandOf, generator, nameOf, requireFlags } from './generator.ts';

export const cronJob: Verb = generator(
  "cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]",
  {
    image: { type: 'string', help: 'Image name to run.' },
    restart: { type: 'string', help: "job's restart policy. supported values: OnFailure, Never" },
    schedule: { type: 'string', help: 'A schedule in the Cron format the job should be run with.' },
  },
  (context) => {
    requireFlags(context, 'image', 'schedule');
    const { name, command } = named(context);
    const { image, schedule, restart } = context.flags;
    const template = podTemplate(name, image, command, restart || 'OnFailure');
    const spec = { jobTemplate: { metadata: { name }, spec: { template } }, schedule };
    return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec, status: {} };
  },
);

export const job: Verb = generator(
  'job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]',
  {
    from: { type: 'string', help: 'The name of the resource to create a Job from (only cronjob is supported).' },
    image: { type: 'string', help: 'Image name to run.' },
  },
  async (context) => {
    const { name, command } = named(context);
    const { from, image } = context.flags;
    if ((from === '') === (image === '')) throw new Error('either --image or --from must be specified');
    if (from !== '' && command.length > 0) throw new Error('cannot specify --from and command');
    if (from !== '') return jobFrom(name, await cronJobOf(context, from));
    const spec = { template: podTemplate(name, image, command, 'Never') };
    return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec, status: {} };
  },
);

function named({ args, dash, path }: Pick<Context, 'args' | 'dash' | 'path'>): { name: string; command: readonly string[] } {
  const { words, command } = commandOf({ args, dash });
  return { name: nameOf({ args: words, path }), command };
}

function podTemplate(name: string, image: string, command: readonly string[], restartPolicy: string): object {
  const container = { ...(command.length > 0 ? { command: [...command] } : {}), image, name, resources: {} };
  return { metadata: {}, spec: { containers: [container], restartPolicy } };
}

async function cronJobOf({ cluster }: Pick<Context, 'cluster'>, from: string): Promise<CronJob> {
  if (!from.includes('/')) (await cluster.mapper()).resolve(from);
  const { mapping, object } = await fetchOne(cluster, [from]);
  if (mapping.group !== 'batch' || mapping.kind !== 'CronJob') throw new Error(`unknown object type *${mapping.version}.${mapping.kind}`);
  return object as unknown as CronJob;
}

/** As the CronJob itself would make it, but marked as made by hand. */
function jobFrom(name: string, { metadata, spec }: CronJob): AnyObject {
  const { jobTemplate } = spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  const owner = { apiVersion: 'batch/v1', controller: true, kind: 'CronJob', name: metadata.name ?? '', uid: metadata.uid ?? '' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      annotations: { ...annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ...(labels ? { labels } : {}),
      name,
      ownerReferences: [owner],
    },
    spec: jobTemplate.spec,
    status: {},
  };
}
