import { isPodReady, isPodTerminal } from '@keelson/machinery';
import { Pod } from '@keelson/types';
import { ExitError } from '../errors.ts';
import { untilState } from '../resource/watch.ts';
import { detachKeys } from '../stream/detach.ts';
import type { AnyObject, Context } from '../types.ts';
import { detachFlag, join } from './exec.ts';
import { printLog } from './pods.ts';
import { recorded, recordFlag } from './record.ts';

export const attachedFlags = {
  ...detachFlag,
  ...recordFlag,
  force: { type: 'bool', help: 'If true, with --rm immediately remove resources from API and bypass graceful deletion.' },
  'grace-period': {
    type: 'int',
    default: -1,
    help: 'Period of time in seconds given to the resource to terminate gracefully with --rm. Ignored if negative.',
  },
  'leave-stdin-open': {
    type: 'bool',
    help: 'If the pod is started in interactive mode or with stdin, leave stdin open after the first attach completes.',
  },
  'pod-running-timeout': { type: 'duration', default: 60_000, help: 'The length of time to wait until at least one pod is running' },
  quiet: { type: 'bool', short: 'q', help: 'If true, suppress prompt messages.' },
  restart: { type: 'string', default: 'Always', help: 'The restart policy for this Pod. Legal values [Always, OnFailure, Never].' },
  rm: { type: 'bool', help: 'If true, delete the pod after it exits. Only valid when attaching to the container.' },
  stdin: { type: 'bool', short: 'i', help: 'Keep stdin open on the container in the pod, even if nothing is attached.' },
  tty: { type: 'bool', short: 't', help: 'Allocate a TTY for the container in the pod.' },
  'field-manager': { type: 'string', default: 'kubectl-run', help: 'Name of the manager used to track field ownership.' },
} as const;

type AttachedContext = Context<typeof attachedFlags>;

/** Creates the pod and stays with it: the answer is its exit code, unless it may be restarted or is left running. */
export async function runAttached(context: AttachedContext, bare: AnyObject): Promise<number> {
  const { flags, cluster, shell } = context;
  const pod = recorded(context, bare);
  const name = pod.metadata.name ?? '';
  const key = { name, namespace: cluster.namespace };
  await cluster.api.create(Pod, { ...pod, metadata: { ...pod.metadata, namespace: cluster.namespace } } as unknown as Pod, {
    fieldManager: flags['field-manager'],
  });
  try {
    await attachOrTell(context, await until(context, key, (state) => isPodTerminal(state) || isPodReady(state)));
    if (flags['leave-stdin-open'] || flags.restart === 'Always') return 0;
    const succeeded = (state: Pod): boolean => state.status?.phase === 'Succeeded';
    throwOutcome(await until(context, key, flags.restart === 'Never' ? isPodTerminal : succeeded));
    return 0;
  } finally {
    if (flags.rm) {
      const grace = flags.force ? 0 : flags['grace-period'];
      await cluster.api.delete(Pod, key, grace >= 0 ? { gracePeriodSeconds: grace } : {});
      shell.stdout.write(`pod "${name}" deleted from ${cluster.namespace} namespace\n`);
    }
  }
}

/** Attaches to the pod's container; prints its log where it has ended before. */
async function attachOrTell({ flags, cluster, shell }: AttachedContext, pod: Pod): Promise<void> {
  const { name = '' } = pod.metadata;
  const container = pod.spec?.containers[0]?.name ?? '';
  if (!isPodTerminal(pod)) {
    const session = {
      container,
      quiet: flags.quiet,
      detach: detachKeys(flags['detach-keys']),
      stdin: flags.stdin,
      tty: flags.tty,
      command: [],
    };
    try {
      await join(cluster, shell, pod, 'attach', session);
      return;
    } catch (error) {
      if (error instanceof ExitError || shell.signal.aborted) throw error;
      shell.stderr.write(`warning: couldn't attach to pod/${name}, falling back to streaming logs: ${(error as Error).message}\n`);
    }
  }
  await printLog(cluster, shell, pod, container);
}

/** @throws Error when the pod is not so in time */
async function until(
  { cluster, shell, flags }: AttachedContext,
  key: { readonly name: string; readonly namespace: string },
  accepts: (pod: Pod) => boolean,
): Promise<Pod> {
  const mapping = (await cluster.mapper()).resolve('pods');
  const wait = { clock: shell.clock, signal: shell.signal, timeout: flags['pod-running-timeout'] };
  const state = await untilState(cluster, { mapping, ...key }, wait, (found) => found !== undefined && accepts(found as unknown as Pod));
  return state as unknown as Pod;
}

/** @throws ExitError with the exit code of a pod that failed */
function throwOutcome({ metadata, status }: Pod): void {
  if (status?.phase !== 'Failed') return;
  const pod = `pod ${metadata.namespace}/${metadata.name}`;
  const ended = status.containerStatuses?.[0]?.state?.terminated;
  if (!ended?.exitCode) throw new Error(`${pod} failed with unknown exit code`);
  throw new ExitError(ended.exitCode, `${pod} terminated (${ended.reason ?? ''})\n${ended.message ?? ''}`);
}
