import { lastAppliedAnnotation, withLastApplied } from '../apply/plan.ts';
import { throwAll, UsageError, withSource } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { asNew } from '../resource/as-new.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { namesFiles, readDocuments } from '../resource/files.ts';
import { fileFlags, type Target, targetOf, untilGone } from '../resource/targets.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';
import { propagationOf } from './cascade.ts';
import { deletedText } from './delete.ts';
import { sendRaw } from './raw.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

const replaceFlags = {
  ...fileFlags,
  ...outputFlags,
  ...dryRunFlag,
  ...validateFlag,
  'field-manager': { type: 'string', default: 'kubectl-replace', help: 'Name of the manager used to track field ownership.' },
  force: { type: 'bool', help: 'If true, immediately remove resources from API and bypass graceful deletion, and make them anew.' },
  cascade: {
    type: 'string',
    default: 'background',
    implied: 'background',
    help: 'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents.',
  },
  subresource: { type: 'string', help: 'If specified, replace will operate on the subresource of the requested object.' },
  wait: { type: 'bool', help: 'If true, wait for resources to be gone before returning. This waits for finalizers.' },
  'grace-period': { type: 'int', default: -1, help: 'Period of time in seconds given to the resource to terminate gracefully.' },
  raw: { type: 'string', help: 'Raw URI to PUT to the server. Uses the transport specified by the kubeconfig file.' },
  'save-config': { type: 'bool', help: 'If true, the configuration of current object will be saved in its annotation.' },
  timeout: { type: 'duration', help: 'The length of time to wait before giving up on a delete of --force.' },
} as const;

type Propagation = ReturnType<typeof propagationOf>;
type ReplaceContext = Context<typeof replaceFlags>;

export const verb = defineVerb({
  usage: 'replace -f FILENAME [options]',
  flags: replaceFlags,
  async run(context) {
    const { flags, shell } = context;
    if (flags.raw) return sendRaw(context, 'PUT');
    if (!namesFiles(flags)) throw new UsageError('must specify one of -f and -k', 'none');
    if (flags['grace-period'] >= 0 && !flags.force) throw new Error('--grace-period must have --force specified');
    if (flags.timeout !== 0 && !flags.force) throw new Error('--timeout must have --force specified');
    if (flags.force && dryRunOf(flags['dry-run']) !== 'none') throw new Error('--dry-run can not be used when --force is set');
    const propagation = propagationOf(flags.cascade, shell);
    const print = resultPrinter(context);
    const errors: unknown[] = [];
    for (const document of await readDocuments(flags, shell, errors)) {
      try {
        print(await replaceOne(context, await targetOf(context.cluster, document), propagation), 'replaced');
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
});

async function replaceOne(
  context: ReplaceContext,
  target: Awaited<ReturnType<typeof targetOf>>,
  propagation: Propagation,
): Promise<AnyObject> {
  const { flags, cluster } = context;
  const { mapping, local, source } = target;
  const saved = flags['save-config'] || local.metadata.annotations?.[lastAppliedAnnotation] !== undefined ? withLastApplied(local) : local;
  if (!target.name) throw withSource(new Error('resource name may not be empty'), 'replacing', source);
  const dryRun = dryRunOf(flags['dry-run']);
  if (dryRun === 'client') return saved;
  const options = {
    fieldManager: flags['field-manager'],
    fieldValidation: fieldValidationOf(flags.validate),
    dryRun: dryRun === 'server',
    ...(flags.subresource ? { subresource: flags.subresource } : {}),
  };
  if (flags.force) {
    await removeFirst(context, target, propagation);
    return cluster.api.create(mapping, asNew(saved), options);
  }
  return cluster.api.update(mapping, saved, options).catch((error: unknown) => Promise.reject(withSource(error, 'replacing', source)));
}

/** What is not there need not go. */
async function removeFirst({ flags, cluster, shell }: ReplaceContext, target: Target, propagationPolicy: Propagation): Promise<void> {
  const { mapping, namespace, name = '' } = target;
  const gracePeriodSeconds = Math.max(flags['grace-period'], 0);
  try {
    await cluster.api.delete(mapping, { name, namespace }, { gracePeriodSeconds, propagationPolicy });
    shell.stdout.write(deletedText(target));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await untilGone(cluster, shell, target, flags.timeout || -1);
}
