import { errorMessage, formatGoDuration, sleep } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { controllerOf, isPodTerminal, parseLabelSelector, parseTime } from '@keelson/machinery';
import { DaemonSet, Eviction, Pod } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { ManyErrors } from '../errors.ts';
import { dryRunFlag, dryRunOf, dryRunSuffix } from '../printers/result.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { selectorFlag, untilGone } from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';
import { eachNode, setCordoned } from './cordon.ts';

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
    const nodes: string[] = [];
    await eachNode(context, async (node) => {
      await setCordoned(context, node, 'cordon');
      nodes.push(node.name);
    });
    await drainAll(context, nodes);
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

/** Pods are taken from one node after the other once all are cordoned; what goes wrong with one does not stop the others. */
async function drainAll(context: DrainContext, nodes: readonly string[]): Promise<void> {
  const { stdout, stderr } = context.shell;
  const failed: { readonly node: string; readonly errors: readonly unknown[] }[] = [];
  for (const node of nodes) {
    const errors = await drain(context, node);
    const suffix = dryRunSuffix(dryRunOf(context.flags['dry-run']));
    if (errors.length === 0) stdout.write(`node/${node} drained${suffix}\n`);
    else failed.push({ node, errors });
    if (errors.length > 0)
      stderr.write(`error: unable to drain node ${JSON.stringify(node)} due to error: ${listText(errors)}, continuing command...\n`);
  }
  if (failed.length === 0) return;
  stderr.write(`There are pending nodes to be drained:\n${failed.map(({ node }) => ` ${node}\n`).join('')}`);
  throw new ManyErrors(failed.flatMap(({ errors }) => errors));
}

/** One error as it is, several in brackets. */
function listText(errors: readonly unknown[]): string {
  const texts = errors.map(errorMessage);
  return texts.length === 1 ? `${texts[0]}` : `[${texts.join(', ')}]`;
}

/** Answers what kept pods on the node. */
async function drain(context: DrainContext, node: string): Promise<unknown[]> {
  const { flags, cluster, shell } = context;
  const dryRun = dryRunOf(flags['dry-run']);
  const { items } = await cluster.api.list(Pod, { fieldSelector: `spec.nodeName=${node}`, labelSelector: flags['pod-selector'] });
  const present = items.filter((pod) => !goneLongEnough(pod, flags['skip-wait-for-delete-timeout'], shell.clock.now()));
  const { evict, warnings, refused } = sortPods(present, flags, await missingOwners(cluster, present));
  if (refused.length > 0) return refused.map((text) => new Error(text));
  if (warnings.length > 0) shell.stderr.write(`Warning: ${warnings.join('; ')}\n`);
  const errors: unknown[] = [];
  const deadline = flags.timeout > 0 ? shell.clock.now() + flags.timeout : Number.POSITIVE_INFINITY;
  await Promise.all(evict.map((pod) => remove(context, pod, { dryRun, deadline }).catch((error: unknown) => errors.push(error))));
  if (errors.length > 0) await tellPending(context, node, errors);
  return errors;
}

/** The pods that would have to go yet. */
async function tellPending({ flags, cluster, shell }: DrainContext, node: string, errors: readonly unknown[]): Promise<void> {
  const { items } = await cluster.api.list(Pod, { fieldSelector: `spec.nodeName=${node}`, labelSelector: flags['pod-selector'] });
  const { evict } = sortPods(items, flags, await missingOwners(cluster, items));
  if (evict.length === 0) return;
  shell.stderr.write(`There are pending pods in node ${JSON.stringify(node)} when an error occurred: ${listText(errors)}\n`);
  for (const { metadata } of evict) shell.stderr.write(`pod/${metadata.name}\n`);
}

/** Why the DaemonSets of pods cannot be had, by the uid of the pod. */
async function missingOwners(cluster: Cluster, pods: readonly Pod[]): Promise<Map<string, string>> {
  const missing = new Map<string, string>();
  for (const pod of pods.filter(isDaemon)) {
    const { namespace, uid = '' } = pod.metadata;
    const name = controllerOf(pod.metadata)?.name ?? '';
    await cluster.api.get(DaemonSet, { name, namespace }).catch((error: unknown) => missing.set(uid, errorMessage(error)));
  }
  return missing;
}

const isDaemon = (pod: Pod): boolean => controllerOf(pod.metadata)?.kind === 'DaemonSet' && !isPodTerminal(pod);

type Choices = Pick<DrainContext['flags'], 'force' | 'ignore-daemonsets' | 'delete-emptydir-data'>;

/** What becomes of a pod: it goes, perhaps with a word of warning, it stays, or nothing may be drained for its sake. */
interface Fate {
  readonly goes: boolean;
  readonly warning?: string;
  readonly refusal?: string;
}

/** Mirrors of static pods always stay. @param orphan why the pod's DaemonSet cannot be had; undefined where it can. */
function fateOf(pod: Pod, flags: Choices, orphan: string | undefined): Fate {
  if (isDaemon(pod) && orphan !== undefined && !flags.force) return { goes: false, refusal: `cannot delete ${orphan}` };
  if (isDaemon(pod) && orphan === undefined)
    return flags['ignore-daemonsets']
      ? { goes: false, warning: 'ignoring DaemonSet-managed Pods' }
      : { goes: false, refusal: 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' };
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return { goes: false };
  const runs = !isPodTerminal(pod);
  if (runs && !flags['delete-emptydir-data'] && pod.spec?.volumes?.some(({ emptyDir }) => emptyDir))
    return { goes: false, refusal: 'cannot delete Pods with local storage (use --delete-emptydir-data to override)' };
  if (!runs || controllerOf(pod.metadata)) return { goes: true };
  if (flags.force) return { goes: true, warning: 'deleting Pods that declare no controller' };
  return { goes: false, refusal: 'cannot delete Pods that declare no controller (use --force to override)' };
}

/** Which pods go, what is warned of, and why the drain cannot be done. @param orphans why DaemonSets cannot be had, by pods' uids. */
export function sortPods(
  pods: readonly Pod[],
  flags: Choices,
  orphans: ReadonlyMap<string, string> = new Map(),
): { readonly evict: Pod[]; readonly warnings: string[]; readonly refused: string[] } {
  const fates = pods.map((pod) => ({ pod, ...fateOf(pod, flags, orphans.get(pod.metadata.uid ?? '')) }));
  return {
    evict: fates.filter(({ goes }) => goes).map(({ pod }) => pod),
    warnings: told(fates.map(({ pod, warning }) => [pod, warning])),
    refused: told(fates.map(({ pod, refusal }) => [pod, refusal])),
  };
}

/** Each text with the pods it is of. */
function told(pairs: readonly (readonly [Pod, string | undefined])[]): string[] {
  const pods = new Map<string, string[]>();
  for (const [{ metadata }, text] of pairs)
    if (text !== undefined) pods.set(text, [...(pods.get(text) ?? []), `${metadata.namespace}/${metadata.name}`]);
  return Array.from(pods, ([text, names]) => `${text}: ${names.join(', ')}`);
}

interface Terms {
  readonly dryRun: 'none' | 'client' | 'server';
  /** Milliseconds since the epoch at which a drain gives up. */
  readonly deadline: number;
}

async function remove(context: DrainContext, pod: Pod, terms: Terms): Promise<void> {
  const { flags, cluster, shell } = context;
  const { name = '', namespace, uid } = pod.metadata;
  await (flags['disable-eviction'] ? erase(context, pod, terms) : evict(context, pod, terms));
  if (terms.dryRun !== 'none') return;
  const mapping = (await cluster.mapper()).resolve('pods');
  const left = terms.deadline === Number.POSITIVE_INFINITY ? -1 : Math.max(1, terms.deadline - shell.clock.now());
  await untilGone(cluster, shell, { mapping, namespace, name }, left, uid).catch((error: unknown) => {
    const why = shell.clock.now() < terms.deadline ? errorMessage(error) : 'context deadline exceeded';
    throw new Error(`error when waiting for pod ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)} to terminate: ${why}`);
  });
  shell.stdout.write(`pod/${name} ${flags['disable-eviction'] ? 'deleted' : 'evicted'}\n`);
}

/** Whether a pod has been going for so many seconds that nobody need wait for it; 0: never. */
function goneLongEnough({ metadata }: Pod, seconds: number, now: number): boolean {
  const since = parseTime(metadata.deletionTimestamp);
  return seconds > 0 && since !== undefined && now - since > seconds * 1000;
}

const deletion = (grace: number): object => (grace >= 0 ? { gracePeriodSeconds: grace } : {});

async function erase({ cluster, shell, flags }: DrainContext, { metadata }: Pod, { dryRun }: Terms): Promise<void> {
  const { name = '', namespace } = metadata;
  shell.stdout.write(`deleting pod ${namespace}/${name}${dryRunSuffix(dryRun)}\n`);
  if (dryRun === 'client') return;
  const rehearsal = dryRun === 'server' ? { dryRun: true } : {};
  await cluster.api.delete(Pod, { name, namespace }, { ...deletion(flags['grace-period']), ...rehearsal });
}

async function evict({ cluster, shell, flags }: DrainContext, { metadata }: Pod, { dryRun, deadline }: Terms): Promise<void> {
  const { name = '', namespace } = metadata;
  const failed = `error when evicting pods/${JSON.stringify(name)} -n ${JSON.stringify(namespace)}`;
  const eviction = {
    apiVersion: Eviction.apiVersion,
    kind: Eviction.kind,
    metadata: { name, namespace },
    deleteOptions: deletion(flags['grace-period']),
  };
  for (;;) {
    shell.stdout.write(`evicting pod ${namespace}/${name}${dryRunSuffix(dryRun)}\n`);
    if (dryRun === 'client') return;
    if (shell.clock.now() >= deadline) throw new Error(`${failed}: global timeout reached: ${formatGoDuration(flags.timeout)}`);
    try {
      await cluster.api.create(Eviction, eviction as Eviction, { subresource: 'eviction', dryRun: dryRun === 'server' });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!(error instanceof ApiError) || error.code !== 429) throw error;
      shell.stderr.write(`${failed} (will retry after 5s): ${error.message}\n`);
      await sleep(shell.clock, Math.min(evictionRetry, Math.max(0, deadline - shell.clock.now())), shell.signal);
    }
  }
}
