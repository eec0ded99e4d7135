import {
  badRequest,
  conflict,
  isPodReady,
  isPodTerminal,
  isStatusReason,
  labelSelectorMatcher,
  notFound,
  podPhase,
  StatusError,
  timeout,
} from '@keelson/machinery';
import { type DeleteOptions, Eviction, Pod, PodDisruptionBudget } from '@keelson/types';
import { listObjects } from '../../admission/objects.ts';
import { systemUser } from '../../auth/types.ts';
import { answerTo, decodeBody, writeRequest } from '../../http/request.ts';
import type { ResourceHandler, ResourceRequest } from '../../http/resource-request.ts';
import { sendJson } from '../../http/respond.ts';
import { remove } from '../../registry/delete.ts';
import type { Writable } from '../../registry/writable.ts';
import { update } from '../../registry/write.ts';
import { setCondition } from '../conditions.ts';
import { spend, unsettled } from '../policy/eviction-budget.ts';

/** Tries against others who change the same pod. */
const tries = 20;

/** `POST pods/<name>/eviction`: a delete that the pod's disruption budget may refuse. */
export const evictPod: ResourceHandler = async (request) => {
  const eviction = (await decodeBody(request, Eviction)) as unknown as Eviction;
  if (eviction.metadata.name !== request.info.name) throw badRequest('name in URL does not match name in Eviction object');
  const options = deleteOptions(request, eviction);
  await runEvictionAdmission(request, eviction);
  await evict(request, options);
  await sendJson(answerTo(request), 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
};

/** The options in the body; a dry run may be asked for there or in the query. */
function deleteOptions(request: ResourceRequest, { deleteOptions: options = {} }: Eviction): DeleteOptions {
  const asked = request.info.query.getAll('dryRun').filter(Boolean);
  const { dryRun = [] } = options;
  if (dryRun.length > 0 && asked.length > 0 && String(dryRun) !== String(asked))
    throw badRequest(`Non-matching dry-run options in request and content: [${asked.join(' ')}] and [${dryRun.join(' ')}]`);
  return { ...options, dryRun: dryRun.length > 0 ? dryRun : asked };
}

async function runEvictionAdmission(request: ResourceRequest, object: Eviction): Promise<void> {
  const { registry, store, info } = request;
  const attributes = { operation: 'CREATE' as const, store, object, old: undefined, name: info.name, ...writeRequest(request) };
  for (const phase of ['admit', 'validate'] as const) await registry.admission[phase](attributes);
}

async function evict(request: ResourceRequest, options: DeleteOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const pod = await readPod(request);
    if (!needsBudget(pod)) {
      // A pod that has not started may do so while this looks at it: then it is looked at again.
      const exactly = podPhase(pod) === 'Pending' && !pod.metadata.deletionTimestamp ? atVersion(options, pod) : options;
      if (await attemptDelete(request, exactly, attempt < tries && !isExact(options))) return;
      continue;
    }
    const budget = budgetOf(request, pod);
    const unhealthy = budget !== undefined && !isPodReady(pod) && mayEvictUnhealthy(budget);
    if (budget && !unhealthy) await spendOn(request, budget, options);
    return deleteDisrupted(request, unhealthy ? atVersion(options, pod) : options, budget && !isExact(options) ? budget : undefined);
  }
}

async function readPod({ registry, info }: ResourceRequest): Promise<Pod> {
  const pod = await registry.readFresh(Pod, info.namespace, info.name);
  if (!pod) throw notFound({ group: '', resource: 'pods' }, info.name);
  return pod;
}

/** Whoever takes away a pod that has not started, has ended, or is going anyway, disrupts nothing. */
function needsBudget(pod: Pod): boolean {
  return !isPodTerminal(pod) && podPhase(pod) !== 'Pending' && !pod.metadata.deletionTimestamp;
}

function isExact({ preconditions }: DeleteOptions): boolean {
  return preconditions?.resourceVersion !== undefined;
}

/** The options for just this state of the pod, unless the client named one. */
function atVersion(options: DeleteOptions, { metadata }: { metadata: Pod['metadata'] }): DeleteOptions {
  if (isExact(options)) return options;
  return { ...options, preconditions: { ...options.preconditions, resourceVersion: metadata.resourceVersion } };
}

/** False when the pod changed and `again` says to look at it once more. */
async function attemptDelete(request: ResourceRequest, options: DeleteOptions, again: boolean): Promise<boolean> {
  try {
    await deletePod(request, options);
    return true;
  } catch (error) {
    if (again && isStatusReason(error, 'Conflict')) return false;
    throw error;
  }
}

/** @throws StatusError when several budgets select the pod. */
function budgetOf({ registry, info }: ResourceRequest, { metadata }: Pod): PodDisruptionBudget | undefined {
  const selects = ({ spec }: PodDisruptionBudget): boolean => {
    try {
      return spec.selector !== undefined && labelSelectorMatcher(spec.selector).matches(metadata.labels);
    } catch {
      return false;
    }
  };
  const [budget, another] = listObjects(registry, PodDisruptionBudget, info.namespace).filter(selects);
  if (!another) return budget;
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  throw new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

/** Whether a pod that is not ready may go without a disruption being counted. */
function mayEvictUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

async function spendOn({ registry, info, clock }: ResourceRequest, budget: PodDisruptionBudget, { dryRun = [] }: DeleteOptions) {
  const { name = '' } = budget.metadata;
  const apply = (current: Writable): Writable => spend(current as PodDisruptionBudget, info.name, clock) as Writable;
  const write = { namespace: info.namespace, user: systemUser, dryRun: dryRun.length > 0, subresource: 'status', warnings: [] };
  try {
    await update(registry, registry.of(PodDisruptionBudget), name, { apply, inTurn: true }, write);
  } catch (error) {
    if (!isStatusReason(error, 'Conflict')) throw error;
    throw timeout(`couldn't update PodDisruptionBudget ${JSON.stringify(name)} due to conflicts`, 10);
  }
}

/** Says in the pod's status why it ends, and deletes it. `budget`: a pod that was not ready may have become so, and is asked for again. */
async function deleteDisrupted(request: ResourceRequest, options: DeleteOptions, budget: PodDisruptionBudget | undefined): Promise<void> {
  try {
    await deletePod(request, (options.dryRun ?? []).length > 0 ? options : await markDisrupted(request, options));
  } catch (error) {
    if (budget && isExact(options) && isStatusReason(error, 'Conflict')) throw unsettled(budget.metadata.name ?? '');
    throw error;
  }
}

async function markDisrupted(request: ResourceRequest, options: DeleteOptions): Promise<DeleteOptions> {
  const { registry, store, info, clock } = request;
  const { uid, resourceVersion } = options.preconditions ?? {};
  const refuse = (what: string, wanted: string, found: string | undefined): Error => {
    const how = what === 'UID' ? 'deleted and then recreated' : 'modified';
    const why = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${how}`;
    return conflict({ group: '', resource: 'Pod' }, info.name, why);
  };
  const apply = (current: Writable): Writable => {
    const pod = current as Pod;
    const { metadata, status } = pod;
    if (uid && uid !== metadata.uid) throw refuse('UID', uid, metadata.uid);
    if (resourceVersion && resourceVersion !== metadata.resourceVersion)
      throw refuse('resourceVersion', resourceVersion, metadata.resourceVersion);
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
    const observed = status?.observedGeneration ? { observedGeneration: metadata.generation } : {};
    return {
      ...pod,
      status: { ...status, conditions: setCondition(status?.conditions ?? [], { ...condition, ...observed }, clock) },
    } as Writable;
  };
  const { object } = await update(registry, store, info.name, { apply }, { ...writeRequest(request), dryRun: false });
  if (!resourceVersion) return options;
  return { ...options, preconditions: { ...options.preconditions, resourceVersion: object.metadata.resourceVersion } };
}

async function deletePod(request: ResourceRequest, options: DeleteOptions): Promise<void> {
  const { registry, store, info } = request;
  const dryRun = (options.dryRun ?? []).length > 0;
  await remove(registry, store, info.name, options, { ...writeRequest(request), dryRun, subresource: '' });
}
