import { type Clock, errorMessage } from '@keelson/base';
import { isPodTerminal } from '@keelson/machinery';
import { type ControllerDefinition, defineController, mapped, type ReconcileContext } from '@keelson/runtime';
import { Namespace, Node, Pod } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { conditionPatch } from '../../pod-conditions.ts';
import { absentNodes, planRemovals, type Removal } from './plan.ts';

const period = 20_000;

/** A node that vanished may come back at once under its name: its pods are left alone for so long. */
const quarantine = 40_000;

/** The only key: all pods are looked at together. */
const everything = 'pods';

/** Removes pods that ended long ago, or whose node is gone. */
export function podGCController(threshold: number, clock: Clock): ControllerDefinition {
  const missingSince = new Map<string, number>();
  return defineController({
    name: 'pod_gc',
    reads: [Pod, Node, Namespace],
    writes: [Pod, 'pods/status'],
    triggers: [
      // Something that every cluster has, to begin with; from then on it looks again by itself.
      mapped(Namespace, () => [everything], { when: ({ type, object }) => type === 'added' && object.metadata.name === 'kube-system' }),
      mapped(Node, () => [everything], { when: ({ type }) => type === 'deleted' }),
    ],
    workers: 1,
    async reconcile(_key, context) {
      const pods = context.of(Pod).list();
      const nodes = new Map(
        context
          .of(Node)
          .list()
          .map((node) => [node.metadata.name ?? '', node]),
      );
      const missing = await confirmMissing(absentNodes(pods, nodes), missingSince, context);
      const removals = planRemovals({ pods, nodes, threshold }, missing);
      await Promise.all(removals.map((removal) => remove(removal, clock.now(), context)));
      return { again: period };
    },
  });
}

/** Of absent nodes those that have been so for the quarantine, and that the server does not know either. */
async function confirmMissing(
  absent: ReadonlySet<string>,
  since: Map<string, number>,
  { api, clock }: ReconcileContext,
): Promise<Set<string>> {
  const now = clock.now();
  for (const name of since.keys()) if (!absent.has(name)) since.delete(name);
  for (const name of absent) if (!since.has(name)) since.set(name, now);
  const due = [...since].filter(([, at]) => at + quarantine <= now).map(([name]) => name);
  const found = await Promise.all(due.map((name) => exists(name, { api })));
  return new Set(due.filter((_, i) => !found[i]));
}

async function exists(name: string, { api }: Pick<ReconcileContext, 'api'>): Promise<boolean> {
  try {
    await api.get(Node, { name });
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Never rejects: the rest is removed all the same, and this one is tried again in the next period. */
async function remove({ pod, disruption }: Removal, now: number, { api, log }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata;
  log.info('PodGC is force deleting Pod', { pod: `${namespace}/${name}` });
  try {
    if (!isPodTerminal(pod)) {
      const change = {
        metadata: { uid },
        status: { phase: 'Failed', ...(disruption ? { conditions: [conditionOf(pod, disruption, now)] } : {}) },
      };
      await api.patch(Pod, { name, namespace }, 'application/strategic-merge-patch+json', change, { subresource: 'status' });
    }
    await api.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    if (!isGone(error)) log.warn(`failed to delete pod ${namespace}/${name}: ${errorMessage(error)}`);
  }
}

function conditionOf(pod: Pod, message: string, now: number): object {
  return conditionPatch(pod, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message }, now);
}
