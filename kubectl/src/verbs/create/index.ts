import { withLastApplied } from '../../apply/plan.ts';
import { throwAll, UsageError, withSource } from '../../errors.ts';
import { dryRunOf, resultPrinter } from '../../printers/result.ts';
import { asNew } from '../../resource/as-new.ts';
import type { ApiResource } from '../../resource/discovery.ts';
import { namesFiles, parseDocuments, readDocuments } from '../../resource/files.ts';
import { fileFlags, selectorFlag, targetOf } from '../../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type VerbEntry } from '../../types.ts';
import { editable, editText, requireEditable } from '../editor.ts';
import { sendRaw } from '../raw.ts';
import { recorded, recordFlag } from '../record.ts';
import { fieldValidationOf } from '../write-flags.ts';
import { generatorFlags } from './generator.ts';

const subverbs: readonly VerbEntry[] = [
  { name: 'clusterrole', summary: 'Create a cluster role', load: async () => (await import('./rbac.ts')).clusterRole },
  {
    name: 'clusterrolebinding',
    summary: 'Create a cluster role binding for a particular cluster role',
    load: async () => (await import('./rbac.ts')).clusterRoleBinding,
  },
  {
    name: 'configmap',
    aliases: ['cm'],
    summary: 'Create a config map from a local file, directory or literal value',
    load: async () => (await import('./configmap.ts')).verb,
  },
  {
    name: 'cronjob',
    aliases: ['cj'],
    summary: 'Create a cron job with the specified name',
    load: async () => (await import('./batch.ts')).cronJob,
  },
  {
    name: 'deployment',
    aliases: ['deploy'],
    summary: 'Create a deployment with the specified name',
    load: async () => (await import('./deployment.ts')).verb,
  },
  {
    name: 'ingress',
    aliases: ['ing'],
    summary: 'Create an ingress with the specified name',
    load: async () => (await import('./ingress.ts')).verb,
  },
  {
    name: 'job',
    summary: 'Create a job with the specified name',
    load: async () => (await import('./batch.ts')).job,
  },
  {
    name: 'namespace',
    aliases: ['ns'],
    summary: 'Create a namespace with the specified name',
    load: async () => (await import('./simple.ts')).namespace,
  },
  {
    name: 'poddisruptionbudget',
    aliases: ['pdb'],
    summary: 'Create a pod disruption budget with the specified name',
    load: async () => (await import('./policy.ts')).podDisruptionBudget,
  },
  {
    name: 'priorityclass',
    aliases: ['pc'],
    summary: 'Create a priority class with the specified name',
    load: async () => (await import('./policy.ts')).priorityClass,
  },
  {
    name: 'quota',
    aliases: ['resourcequota'],
    summary: 'Create a quota with the specified name',
    load: async () => (await import('./policy.ts')).quota,
  },
  { name: 'role', summary: 'Create a role with single rule', load: async () => (await import('./rbac.ts')).role },
  {
    name: 'rolebinding',
    summary: 'Create a role binding for a particular role or cluster role',
    load: async () => (await import('./rbac.ts')).roleBinding,
  },
  { name: 'secret', summary: 'Create a secret using a specified subcommand', load: async () => (await import('./secret.ts')).verb },
  {
    name: 'service',
    aliases: ['svc'],
    summary: 'Create a service using a specified subcommand',
    load: async () => (await import('./service.ts')).verb,
  },
  {
    name: 'serviceaccount',
    aliases: ['sa'],
    summary: 'Create a service account with the specified name',
    load: async () => (await import('./simple.ts')).serviceAccount,
  },
  { name: 'token', summary: 'Request a service account token', load: async () => (await import('./simple.ts')).token },
];

export const verb = defineVerb({
  usage: 'create -f FILENAME [options]',
  description: 'JSON and YAML formats are accepted.',
  examples: ['# Create a pod using the data in pod.json', 'kubectl create -f ./pod.json'],
  subverbs,
  flags: {
    ...fileFlags,
    ...generatorFlags,
    ...selectorFlag,
    ...recordFlag,
    edit: { type: 'bool', help: 'Edit the API resource before creating' },
    'windows-line-endings': { type: 'bool', help: 'Only relevant if --edit=true. Defaults to the line ending native to your platform.' },
    raw: { type: 'string', help: 'Raw URI to POST to the server. Uses the transport specified by the kubeconfig file.' },
  },
  async run(context) {
    const { flags, cluster, shell, args, path } = context;
    if (args.length > 0) throw new UsageError(`Unexpected args: [${args.join(' ')}]`, 'examples');
    if (flags.raw) return sendRaw(context, 'POST');
    if (!namesFiles(flags)) throw new UsageError('must specify one of -f and -k', 'none');
    const dryRun = dryRunOf(flags['dry-run']);
    const print = resultPrinter(context);
    const errors: unknown[] = [];
    let count = 0;
    for (const document of await readDocuments(flags, shell)) {
      try {
        const { mapping, local, source } = await targetOf(cluster, document);
        count++;
        const object = recorded(context, flags['save-config'] ? withLastApplied(local) : local);
        if (flags.edit) {
          requireEditable(flags.output);
          await editBefore(context, mapping, object);
          continue;
        }
        const options = {
          fieldManager: flags['field-manager'],
          fieldValidation: fieldValidationOf(flags.validate),
          dryRun: dryRun === 'server',
        };
        const send = () =>
          cluster.api
            .create(mapping, asNew(object), options)
            .catch((error: unknown) => Promise.reject(withSource(error, 'creating', source)));
        print(dryRun === 'client' ? object : await send(), 'created');
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
    if (count === 0) throw new Error(`no objects passed to ${path.split(' ')[1]}`);
  },
});

type EditContext = Pick<Context, 'cluster' | 'shell'> & {
  readonly flags: {
    readonly output: string;
    readonly 'field-manager': string;
    readonly validate: string;
    readonly 'windows-line-endings': boolean;
  };
};

/** Makes what becomes of an object in the user's editor; one that is left as it was is not made. */
async function editBefore({ cluster, shell, flags }: EditContext, mapping: ApiResource, object: AnyObject): Promise<void> {
  const text = { name: 'edit', ...editable(flags.output, object), crlf: flags['windows-line-endings'] };
  const { output: _, ...plain } = flags;
  await editText(shell, text, async (edited) => {
    const [document] = parseDocuments(edited, 'edited-file');
    if (!document) throw new Error('the edited file holds no object');
    const options = { fieldManager: flags['field-manager'], fieldValidation: fieldValidationOf(flags.validate) };
    resultPrinter({ shell, flags: plain })(await cluster.api.create(mapping, asNew(document.object), options), 'created');
  });
}
