import { sleep } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { controllerOf, isPodTerminal, parseLabelSelector, parseTime } from '@keelson/machinery';
import { Eviction, Pod } from '@keelson/types';
import { throwAll } from '../errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../printers/result.ts';
import { type Found, isNotFound, selectorFlag, untilGone } from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';
import { eachNode, setUnschedulable } from './cordon.ts';

const drainFlags = {
  ...selectorFlag,
  ...dryRunFlag,
  'chunk-size': { type: 'int', default: 500, help: 'Return large lists in chunks rather than all at once. Pass 0 to disable.' },
  'skip-wait-for-delete-timeout': {
    type: 'int',
    help: 'If pod DeletionTimestamp older than N seconds, skip waiting for the pod. Seconds must be greater than 0 to skip.',
  },
  'delete-emptydir-data': {
    type: 'bool',
    help: 'Continue even if there are pods using emptyDir (local data that will be deleted when the node is drained).',
  },
  'disable-eviction': { type: 'bool', help: 'Force drain to use delete, even if eviction is supported.' },
  force: { type: 'bool', help: 'Continue even if there are pods that do not declare a controller.' },
  'grace-period': { type: 'int', default: -1, help: 'Period of time in seconds given to each pod to terminate gracefully.' },
  'ignore-daemonsets': { type: 'bool', help: 'Ignore DaemonSet-managed pods.' },
  'pod-selector': { type: 'string', help: 'Label selector to filter pods on the node' },
  timeout: { type: 'duration', help: 'The length of time to wait before giving up, zero means infinite' },
} as const;

type DrainContext = Context<typeof drainFlags>;

/** Milliseconds between attempts at an eviction that a disruption budget refused. */
const evictionRetry = 5000;

export const verb = defineVerb({
  usage: 'drain NODE [options]',
  flags: drainFlags,
  async run(context) {
    const { flags } = context;
    if (!isSelector(flags['pod-selector'])) throw new Error('--pod-selector=<pod_selector> must be a valid label selector');
    await eachNode(context, (node) => drain(context, node));
  },
});

function isSelector(text: string): boolean {
  try {
    parseLabelSelector(text);
    return true;
  } catch {
    return false;
  }
}

async function drain(context: DrainContext, { name, object }: Found): Promise<void> {
  const { flags, cluster, shell } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const already = (object.spec as { unschedulable?: boolean }).unschedulable === true;
  if (!already && dryRun !== 'client') await setUnschedulable(cluster, name, true, dryRun === 'server');
  shell.stdout.write(`node/${name} ${already ? 'already ' : ''}cordoned${dryRunSuffix(dryRun)}\n`);
  const { items } = await cluster.api.list(Pod, { fieldSelector: `spec.nodeName=${name}`, labelSelector: flags['pod-selector'] });
  const { evict, ignored, refused } = sortPods(items, flags);
  if (refused.length > 0)
    throw new Error(`unable to drain node ${JSON.stringify(name)} due to error: [${refused.join(', ')}], continuing command...`);
  if (ignored.length > 0) shell.stderr.write(`Warning: ignoring DaemonSet-managed Pods: ${ignored.map(podText).join(', ')}\n`);
  const errors: unknown[] = [];
  await Promise.all(evict.map((pod) => remove(context, pod, dryRun).catch((error: unknown) => errors.push(error))));
  throwAll(errors);
  shell.stdout.write(`node/${name} drained${dryRunSuffix(dryRun)}\n`);
}

const podText = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

type Choices = Pick<DrainContext['flags'], 'force' | 'ignore-daemonsets' | 'delete-emptydir-data'>;

/** Which pods go, which stay, and why the drain cannot be done. Mirrors of static pods always stay. */
export function sortPods(
  pods: readonly Pod[],
  flags: Choices,
): { readonly evict: Pod[]; readonly ignored: Pod[]; readonly refused: string[] } {
  const movable = pods.filter(({ metadata }) => metadata.annotations?.['kubernetes.io/config.mirror'] === undefined);
  const daemons = movable.filter((pod) => controllerOf(pod.metadata)?.kind === 'DaemonSet' && !isPodTerminal(pod));
  const rest = movable.filter((pod) => !daemons.includes(pod));
  const alone = rest.filter((pod) => !controllerOf(pod.metadata) && !isPodTerminal(pod));
  const local = rest.filter((pod) => !isPodTerminal(pod) && pod.spec?.volumes?.some(({ emptyDir }) => emptyDir));
  const list = (some: readonly Pod[]): string => some.map(podText).join(', ');
  const refused = [
    ...(alone.length > 0 && !flags.force
      ? [`cannot delete Pods that declare no controller (use --force to override): ${list(alone)}`]
      : []),
    ...(daemons.length > 0 && !flags['ignore-daemonsets']
      ? [`cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${list(daemons)}`]
      : []),
    ...(local.length > 0 && !flags['delete-emptydir-data']
      ? [`cannot delete Pods with local storage (use --delete-emptydir-data to override): ${list(local)}`]
      : []),
  ];
  return { evict: rest, ignored: daemons, refused };
}

async function remove(context: DrainContext, pod: Pod, dryRun: 'none' | 'client' | 'server'): Promise<void> {
  const { flags, cluster, shell } = context;
  const { name = '', namespace, uid } = pod.metadata;
  const verbing = flags['disable-eviction'] ? 'deleting' : 'evicting';
  shell.stdout.write(`${verbing} pod ${namespace}/${name}${dryRunSuffix(dryRun)}\n`);
  if (dryRun === 'client') return;
  await (flags['disable-eviction']
    ? cluster.api.delete(Pod, { name, namespace }, deletion(flags['grace-period']))
    : evict(context, pod, dryRun === 'server'));
  if (dryRun === 'server' || goneLongEnough(pod, flags['skip-wait-for-delete-timeout'], shell.clock.now())) return;
  const mapping = (await cluster.mapper()).resolve('pods');
  await untilGone(cluster, shell, { mapping, namespace, name }, flags.timeout || -1, uid);
  shell.stdout.write(`pod/${name} ${flags['disable-eviction'] ? 'deleted' : 'evicted'}\n`);
}

/** Whether a pod has been going for so many seconds that nobody need wait for it; 0: never. */
function goneLongEnough({ metadata }: Pod, seconds: number, now: number): boolean {
  const since = parseTime(metadata.deletionTimestamp);
  return seconds > 0 && since !== undefined && now - since > seconds * 1000;
}

const deletion = (grace: number): object => (grace >= 0 ? { gracePeriodSeconds: grace } : {});

async function evict({ cluster, shell, flags }: DrainContext, { metadata: { name = '', namespace } }: Pod, dryRun: boolean): Promise<void> {
  const eviction = {
    apiVersion: Eviction.apiVersion,
    kind: Eviction.kind,
    metadata: { name, namespace },
    deleteOptions: deletion(flags['grace-period']),
  };
  for (;;) {
    try {
      await cluster.api.create(Eviction, eviction as Eviction, { subresource: 'eviction', dryRun });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof ApiError) || error.code !== 429) throw error;
      shell.stderr.write(
        `error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)} (will retry after 5s): ${error.message}\n`,
      );
      await sleep(shell.clock, evictionRetry, shell.signal);
    }
  }
}
