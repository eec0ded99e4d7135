import { type Clock, errorMessage } from '@keelson/base';
import { ApiError } from '@keelson/client';
import { equal, labelSelectorMatcher } from '@keelson/machinery';
import {
  type ControllerDefinition,
  defineController,
  type Key,
  keyOf,
  mapped,
  type Outcome,
  type ReconcileContext,
  type Stores,
  self,
} from '@keelson/runtime';
import {
  Deployment,
  Event,
  Pod,
  PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { conditionPatch } from '../../pod-conditions.ts';
import { failedStatus, needsScale, planBudget, selectorText, untilStale } from './plan.ts';
import { sizesOf } from './scale.ts';

/** Milliseconds; what was missing may come without any of the pods changing. */
const retryAfter = 30_000;

/** Keeps in each PodDisruptionBudget's status how many of its pods may be evicted. */
export function disruptionController(clock: Clock): ControllerDefinition {
  return defineController({
    name: 'disruption',
    reads: [PodDisruptionBudget, Pod, Deployment, ReplicaSet, StatefulSet, ReplicationController],
    writes: ['poddisruptionbudgets/status', Event],
    triggers: [self(PodDisruptionBudget), mapped(Pod, budgetsOf)],
    workers: 1,
    reconcile: (key, context) => reconcile(key, clock, context),
  });
}

/** No selector selects nothing, an empty one everything. */
function selects({ spec }: PodDisruptionBudget, { metadata }: Pod): boolean {
  try {
    return spec.selector !== undefined && labelSelectorMatcher(spec.selector).matches(metadata.labels);
  } catch {
    return false;
  }
}

function budgetsOf(pod: Pod, { of }: Stores): readonly Key[] {
  return of(PodDisruptionBudget)
    .list(pod.metadata.namespace)
    .filter((budget) => selects(budget, pod))
    .map(keyOf);
}

async function reconcile(key: Key, clock: Clock, context: ReconcileContext): Promise<Outcome> {
  const budget = context.of(PodDisruptionBudget).get(key);
  if (!budget) return undefined;
  try {
    return await workOut(budget, clock.now(), context);
  } catch (error) {
    // An eviction changed the status meanwhile, or it is gone: there is nothing to tell.
    if (error instanceof ApiError && (error.code === 409 || error.code === 404)) throw error;
    await writeStatus(budget, failedStatus(budget, errorMessage(error), clock.now()), context);
    return { again: retryAfter };
  }
}

async function workOut(budget: PodDisruptionBudget, now: number, context: ReconcileContext): Promise<Outcome> {
  const { of, events } = context;
  const pods = of(Pod)
    .list(budget.metadata.namespace)
    .filter((pod) => selects(budget, pod));
  if (pods.length === 0) events.event(budget, 'Normal', 'NoPods', 'No matching pods found');
  const scale = needsScale(budget) ? await expectedPods(budget, pods, context) : 0;
  const { status, notDeleted, again } = planBudget(budget, { pods, scale, now });
  const { name, namespace } = budget.metadata;
  for (const pod of notDeleted)
    events.event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`);
  await writeStatus(budget, status, context);
  return again === undefined ? undefined : { again };
}

async function expectedPods(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  { of, api, events, log }: ReconcileContext,
): Promise<number> {
  try {
    const { wanted, unmanaged } = await sizesOf(pods, { of }, api);
    if (unmanaged.length > 0) {
      log.debug('Found unmanaged pods associated with this PDB', { pdb: keyOf(budget), pods: unmanaged });
      events.event(budget, 'Warning', 'UnmanagedPods', unmanagedMessage(budget));
    }
    return wanted;
  } catch (error) {
    const message = `Failed to calculate the number of expected pods: ${errorMessage(error)}`;
    events.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
    throw error;
  }
}

function unmanagedMessage({ spec }: PodDisruptionBudget): string {
  return `Pods selected by this PodDisruptionBudget (selector: ${selectorText(spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
}

async function writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus, { api }: ReconcileContext): Promise<void> {
  if (equal(status, budget.status ?? {})) return;
  await api.update(PodDisruptionBudget, { ...budget, status }, { subresource: 'status' });
}

/** Takes back that a pod is about to be disrupted when, after two minutes, nothing has come of it. */
export function staleDisruptionController(clock: Clock): ControllerDefinition {
  return defineController({
    name: 'stale_pod_disruption',
    reads: [Pod],
    writes: ['pods/status'],
    triggers: [self(Pod, ({ type, object }) => type !== 'deleted' && untilStale(object, clock.now()) !== undefined)],
    workers: 1,
    async reconcile(key, { of, api }) {
      const pod = of(Pod).get(key);
      const wait = pod && untilStale(pod, clock.now());
      if (!pod || wait === undefined) return undefined;
      if (wait > 0) return { again: wait };
      const { name = '', namespace, uid, resourceVersion } = pod.metadata;
      const condition = conditionPatch(pod, { type: 'DisruptionTarget', status: 'False', reason: null, message: null }, clock.now());
      const patch = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } };
      try {
        await api.patch(Pod, { name, namespace }, 'application/strategic-merge-patch+json', patch, { subresource: 'status' });
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}
