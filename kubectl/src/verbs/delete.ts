import { ApiError, type DeleteQuery } from '@keelson/client';
import { throwAll, UsageError } from '../errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../printers/result.ts';
import { selectedByName } from '../resource/arguments.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { readAll } from '../resource/files.ts';
import { kindText } from '../resource/mapper.ts';
import { fetchTargets, requireNames, resolveTargets, selectionFlags, selectionOf, type Target, untilGone } from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';
import { propagationOf } from './cascade.ts';
import { sendRaw } from './raw.ts';

const deleteFlags = {
  ...selectionFlags,
  ...dryRunFlag,
  all: { type: 'bool', help: 'Delete all resources, in the namespace of the specified resource types.' },
  cascade: {
    type: 'string',
    default: 'background',
    implied: 'background',
    help: 'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents.',
  },
  force: { type: 'bool', help: 'If true, immediately remove resources from API and bypass graceful deletion.' },
  'grace-period': {
    type: 'int',
    default: -1,
    help: 'Period of time in seconds given to the resource to terminate gracefully. Ignored if negative.',
  },
  'ignore-not-found': { type: 'bool', help: 'Treat "resource not found" as a successful delete.' },
  interactive: { type: 'bool', short: 'i', help: 'If true, delete resource only when user confirms.' },
  now: { type: 'bool', help: 'If true, resources are signaled for immediate shutdown (same as --grace-period=1).' },
  output: { type: 'string', short: 'o', help: 'Output mode. Use "-o name" for shorter output (resource/name).' },
  raw: { type: 'string', help: 'Raw URI to DELETE to the server. Uses the transport specified by the kubeconfig file.' },
  timeout: {
    type: 'duration',
    help: 'The length of time to wait before giving up on a delete, zero means determine a timeout from the size of the object',
  },
  wait: { type: 'bool', default: true, help: 'If true, wait for resources to be gone before returning. This waits for finalizers.' },
} as const;

type DeleteContext = Context<typeof deleteFlags>;

/** An object whose deletion was asked for. */
interface Doomed {
  readonly target: Target & { readonly name: string };
  readonly uid: string | undefined;
}

export const verb = defineVerb({
  usage: 'delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]',
  examples: ['# Delete a pod', 'kubectl delete pod web', '# Delete all pods', 'kubectl delete pods --all'],
  flags: deleteFlags,
  async run(context) {
    const { flags, shell, cluster } = context;
    if (flags.output !== '' && flags.output !== 'name')
      throw new UsageError(`unexpected -o output mode: ${flags.output}. We only support '-o name'`, 'none');
    const grace = gracePeriod(context);
    const query = deleteQuery(context, grace);
    if (flags.raw) return sendRaw(context, 'DELETE');
    const errors: unknown[] = [];
    const doomed = await chosen(context, errors);
    if (flags.interactive && !(await confirmed(context, doomed))) return;
    const waiting: Doomed[] = [];
    let warned = !cluster.namespaceGiven || flags['all-namespaces'];
    for (const each of doomed) {
      if (!warned && !each.target.mapping.namespaced) {
        shell.stderr.write('Warning: deleting cluster-scoped resources, not scoped to the provided namespace\n');
        warned = true;
      }
      try {
        waiting.push({ ...each, uid: (await deleteOne(context, each, query, grace)) ?? each.uid });
      } catch (error) {
        errors.push(error);
      }
    }
    if (flags.wait && dryRunOf(flags['dry-run']) === 'none') await waitForAll(context, waiting, errors);
    throwAll(errors);
    if (doomed.length === 0) shell.stdout.write('No resources found\n');
  },
});

/** Seconds; negative leaves it to the kind. */
function gracePeriod({ flags, changed }: DeleteContext): number {
  if (flags.now && changed.has('grace-period')) throw new Error('--now and --grace-period cannot be specified together');
  if (flags.now) return 1;
  if (flags['grace-period'] === 0 && !flags.force) return 1;
  if (flags.force && flags['grace-period'] > 0) throw new Error('--force and --grace-period greater than 0 cannot be specified together');
  return flags.force ? 0 : flags['grace-period'];
}

function deleteQuery({ flags, shell }: DeleteContext, grace: number): DeleteQuery {
  return {
    propagationPolicy: propagationOf(flags.cascade, shell),
    ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}),
    ...(dryRunOf(flags['dry-run']) === 'server' ? { dryRun: true } : {}),
  };
}

/** What is to be deleted; manifests that name nothing go to `unread`. */
async function chosen(context: DeleteContext, unread: unknown[]): Promise<Doomed[]> {
  const { flags, cluster, shell } = context;
  const selection = selectionOf(context);
  if (flags.all && (flags.selector !== '' || flags['field-selector'] !== ''))
    throw new Error("setting 'all' parameter but found a non empty selector. ");
  const targets = await resolveTargets(cluster, shell, selection, unread);
  requireNames(targets, selection);
  if (flags.all && targets.some(({ name, local }) => name !== undefined && !local))
    throw new Error(
      context.args.some((arg) => arg.includes('/')) ? selectedByName : 'name cannot be provided when a selector is specified',
    );
  const named = targets.flatMap((target) =>
    target.name === undefined ? [] : [{ target: { ...target, name: target.name }, uid: undefined }],
  );
  const open = targets.filter(({ name }) => name === undefined);
  if (open.length === 0) return named;
  const { found, errors } = await fetchTargets(cluster, open, selection);
  throwAll(errors);
  return found.map(({ mapping, namespace, name, object }) => ({ target: { mapping, namespace, name }, uid: object.metadata.uid }));
}

async function confirmed({ shell }: DeleteContext, doomed: readonly Doomed[]): Promise<boolean> {
  const lines = doomed.map(({ target }) => `${kindText(target.mapping)}/${target.name}\n`).join('');
  shell.stdout.write(`You are about to delete the following ${doomed.length} resource(s):\n${lines}Do you want to continue? (y/N): `);
  if (/^y\b/i.test((await readAll(shell.stdin)).trim())) return true;
  shell.stdout.write('deletion is cancelled\n');
  return false;
}

/** The uid of what was deleted, where the server tells. */
async function deleteOne(context: DeleteContext, { target }: Doomed, query: DeleteQuery, grace: number): Promise<string | undefined> {
  const { flags, cluster } = context;
  if (grace === 0) {
    context.shell.stderr.write(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
    );
  }
  try {
    if (dryRunOf(flags['dry-run']) === 'client') {
      announce(context, target, grace);
      return undefined;
    }
    const answer = await cluster.api.delete(target.mapping, { name: target.name, namespace: target.namespace }, query);
    announce(context, target, grace);
    return 'details' in answer
      ? ((answer.details as { uid?: string }).uid ?? undefined)
      : (answer.metadata as { uid?: string } | undefined)?.uid;
  } catch (error) {
    if (flags['ignore-not-found'] && isNotFound(error)) return undefined;
    if (target.source && error instanceof ApiError) {
      const message = `error when deleting ${JSON.stringify(target.source)}: ${error.message}`;
      throw new ApiError({ ...error.status, message }, error.code);
    }
    throw error;
  }
}

function announce({ flags, shell }: DeleteContext, target: Target, grace: number): void {
  if (flags.output === 'name') return void shell.stdout.write(`${kindText(target.mapping)}/${target.name}\n`);
  shell.stdout.write(deletedText(target, grace === 0 ? 'force deleted' : 'deleted', dryRunSuffix(dryRunOf(flags['dry-run']))));
}

/** The line that tells of a deletion. */
export function deletedText({ mapping, name, namespace }: Target, operation = 'deleted', suffix = ''): string {
  const from = mapping.namespaced && namespace ? ` from ${namespace} namespace` : '';
  return `${kindText(mapping)} "${name}" ${operation}${from}${suffix}\n`;
}

async function waitForAll({ cluster, shell, flags }: DeleteContext, waiting: readonly Doomed[], errors: unknown[]): Promise<void> {
  for (const { target, uid } of waiting) {
    // Kinds that cannot be watched are gone when the server says so.
    if (!target.mapping.verbs.includes('list')) continue;
    try {
      await untilGone(cluster, shell, target, flags.timeout || -1, uid);
    } catch (error) {
      if (shell.signal.aborted) throw error;
      if (error instanceof Error && error.message.startsWith('timed out')) {
        errors.push(new Error(`timed out waiting for the condition on ${target.mapping.resource}/${target.name}`));
      } else if (!(error instanceof ApiError && error.reason === 'Forbidden')) errors.push(error);
    }
  }
}
