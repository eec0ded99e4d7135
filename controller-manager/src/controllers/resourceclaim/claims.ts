import { type ControllerDefinition, defineController, keyOf, mapped, type ReconcileContext, self } from '@keelson/runtime';
import { Pod, ResourceClaim, type ResourceClaimConsumerReference } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { isPodDone, owningPod, planClaim } from './plan.ts';

const byPod = 'pod';

/** Takes pods that are done off the claims they used, frees what nobody uses any more, and removes claims made for pods that are done. */
export function claimUsersController(workers: number): ControllerDefinition {
  return defineController({
    name: 'resource_claim_users',
    reads: [ResourceClaim, Pod],
    writes: [ResourceClaim, 'resourceclaims/status'],
    triggers: [
      { ...self(ResourceClaim, ({ type }) => type !== 'deleted'), indexes: { [byPod]: podsOf } },
      mapped(
        Pod,
        ({ metadata }, { of }) =>
          of(ResourceClaim)
            .byIndex(byPod, metadata.uid ?? '')
            .map(keyOf),
        {
          when: ({ type, object }) => type === 'deleted' || isPodDone(object),
        },
      ),
    ],
    workers,
    async reconcile(key, context) {
      const claim = context.of(ResourceClaim).get(key);
      try {
        if (claim) await settle(claim, context);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
      return undefined;
    },
  });
}

/** Uids of the pod a claim was made for and of those that use it. */
function podsOf(claim: ResourceClaim): string[] {
  const users = (claim.status?.reservedFor ?? []).map(({ uid }) => uid);
  const owner = owningPod(claim);
  return [...new Set(owner ? [owner.uid, ...users] : users)];
}

async function settle(claim: ResourceClaim, context: ReconcileContext): Promise<void> {
  const { of, api } = context;
  const { name = '', namespace, uid } = claim.metadata;
  const before = claim.status?.reservedFor ?? [];
  const alive = await Promise.all(before.map((user) => isAlive(user, namespace, context)));
  const owner = owningPod(claim);
  const pod = owner && of(Pod).get(`${namespace}/${owner.name}`);
  const users = before.filter((_, i) => alive[i]);
  const plan = planClaim(claim, users, pod);
  let current = claim;
  if (plan.status) current = await api.update(ResourceClaim, { ...current, status: plan.status }, { subresource: 'status' });
  if (plan.finalizers) {
    const finalizers = plan.finalizers.length > 0 ? [...plan.finalizers] : undefined;
    await api.update(ResourceClaim, { ...current, metadata: { ...current.metadata, finalizers } });
  }
  if (plan.remove) await api.delete(ResourceClaim, { name, namespace }, { preconditions: { uid } });
}

/** A pod that is not seen may be one that is not seen yet: the server is asked. Users that are no pods are their own affair. */
async function isAlive(
  user: ResourceClaimConsumerReference,
  namespace: string | undefined,
  { of, api }: ReconcileContext,
): Promise<boolean> {
  if (user.resource !== 'pods' || user.apiGroup) return true;
  const seen = of(Pod).get(`${namespace}/${user.name}`);
  const pod = seen?.metadata.uid === user.uid ? seen : await ask(user.name, namespace, api);
  return pod !== undefined && pod.metadata.uid === user.uid && !isPodDone(pod);
}

async function ask(name: string, namespace: string | undefined, api: ReconcileContext['api']): Promise<Pod | undefined> {
  try {
    return await api.get(Pod, { name, namespace });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
