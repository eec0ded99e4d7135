import { errorMessage } from '@keelson/base';
import { type ControllerDefinition, defineController, type Key, keyOf, mapped, type ReconcileContext, type Stores } from '@keelson/runtime';
import { Event, Pod, type PodResourceClaim, ResourceClaim, ResourceClaimTemplate } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { claimFrom, claimNameOf, isMadeFor, isPodDone, owningPod, reservedFor, statusEntry } from './plan.ts';

const byTemplate = 'resourceClaimTemplate';
const byName = 'resourceClaimName';
const fieldManager = 'ResourceClaimController';

/** Names of claims made that may not be seen yet, by pod and entry: a second one would be in nobody's use. */
type Made = Map<string, string>;

/** Makes the claims that pods ask for by template, says in their status which, and reserves claims for pods that bypassed the scheduler. */
export function podClaimController(workers: number): ControllerDefinition {
  const made: Made = new Map();
  return defineController({
    name: 'resource_claim',
    reads: [Pod, ResourceClaim, ResourceClaimTemplate],
    writes: [ResourceClaim, 'resourceclaims/status', 'pods/status', Event],
    triggers: [
      mapped(Pod, (pod) => (entriesOf(pod).length > 0 ? [keyOf(pod)] : []), { indexes: { [byTemplate]: templatesOf, [byName]: claimsOf } }),
      mapped(ResourceClaim, podsOfClaim),
      mapped(ResourceClaimTemplate, (template, { of }) => of(Pod).byIndex(byTemplate, keyOf(template)).map(keyOf)),
    ],
    workers,
    async reconcile(key, context) {
      const pod = context.of(Pod).get(key);
      if (!pod || pod.metadata.deletionTimestamp || isPodDone(pod)) {
        for (const entry of made.keys()) if (entry.startsWith(`${key}/`)) made.delete(entry);
        return undefined;
      }
      for (const entry of entriesOf(pod)) if (entry.resourceClaimTemplateName) await provide(pod, entry, made, context);
      await tell(pod, made, context);
      await reserve(pod, context);
      return undefined;
    },
  });
}

function entriesOf({ spec }: Pod): readonly PodResourceClaim[] {
  return spec.resourceClaims ?? [];
}

function templatesOf(pod: Pod): string[] {
  const names = entriesOf(pod).flatMap(({ resourceClaimTemplateName }) => resourceClaimTemplateName ?? []);
  return names.map((name) => `${pod.metadata.namespace}/${name}`);
}

function claimsOf(pod: Pod): string[] {
  const names = entriesOf(pod).flatMap((entry) => claimNameOf(pod, entry) ?? []);
  return names.map((name) => `${pod.metadata.namespace}/${name}`);
}

/** The pod a claim was made for, and those that name it. */
function podsOfClaim(claim: ResourceClaim, { of }: Stores): Key[] {
  const owner = owningPod(claim);
  const users = of(Pod).byIndex(byName, keyOf(claim)).map(keyOf);
  return owner ? [`${claim.metadata.namespace}/${owner.name}`, ...users] : users;
}

function slotOf(pod: Pod, { name }: PodResourceClaim): string {
  return `${keyOf(pod)}/${pod.metadata.uid}/${name}`;
}

/** @throws Error when the claim is not there and cannot be made: the pod is looked at again after a while. */
async function provide(pod: Pod, entry: PodResourceClaim, made: Made, context: ReconcileContext): Promise<void> {
  try {
    const name = await findOrMake(pod, entry, made, context);
    if (name) made.set(slotOf(pod, entry), name);
  } catch (error) {
    const about = { ...pod, apiVersion: 'v1', kind: 'Pod' };
    const message = `PodResourceClaim ${entry.name}: ${errorMessage(error)}`;
    context.events.event(about, 'Warning', 'FailedResourceClaimCreation', message);
    throw new Error(message, { cause: error });
  }
}

/** Undefined where the pod's status says that the entry needs no claim. */
async function findOrMake(pod: Pod, entry: PodResourceClaim, made: Made, { of, api }: ReconcileContext): Promise<string | undefined> {
  const { namespace } = pod.metadata;
  const told = statusEntry(pod, entry);
  const known = told ? told.resourceClaimName : made.get(slotOf(pod, entry));
  if (told && !known) return undefined;
  const claim = known ? (of(ResourceClaim).get(`${namespace}/${known}`) ?? (await ask(known, pod, api))) : undefined;
  if (claim && !isMadeFor(claim, pod, entry))
    throw new Error(`ResourceClaim ${namespace}/${known} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
  if (claim) return known;
  const existing = of(ResourceClaim)
    .list(namespace)
    .find((claim) => !claim.metadata.deletionTimestamp && isMadeFor(claim, pod, entry));
  if (existing) return existing.metadata.name;
  const templateName = entry.resourceClaimTemplateName ?? '';
  const template = of(ResourceClaimTemplate).get(`${namespace}/${templateName}`);
  if (!template)
    throw new Error(`resource claim template "${templateName}": resourceclaimtemplate.resource.k8s.io "${templateName}" not found`);
  const created = await api.create(ResourceClaim, claimFrom(template, pod, entry));
  return created.metadata.name;
}

/** A claim that is not seen may be one that is not seen yet. */
async function ask(name: string, { metadata }: Pod, api: ReconcileContext['api']): Promise<ResourceClaim | undefined> {
  try {
    return await api.get(ResourceClaim, { name, namespace: metadata.namespace });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Says in the pod's status which claims are its own. Applied whole: what is left out would be taken away. */
async function tell(pod: Pod, made: Made, { api }: ReconcileContext): Promise<void> {
  const statuses = entriesOf(pod).flatMap((entry) => {
    const name = made.get(slotOf(pod, entry)) ?? statusEntry(pod, entry)?.resourceClaimName;
    return entry.resourceClaimTemplateName && name ? [{ name: entry.name, resourceClaimName: name }] : [];
  });
  if (statuses.every(({ name, resourceClaimName }) => statusEntry(pod, { name })?.resourceClaimName === resourceClaimName)) return;
  const { name = '', namespace, uid } = pod.metadata;
  const wanted = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, uid }, status: { resourceClaimStatuses: statuses } };
  const options = { subresource: 'status', fieldManager, force: true };
  await api.patch(Pod, { name, namespace }, 'application/apply-patch+yaml', wanted, options);
}

/** The scheduler reserves what it allocates; a pod that was given its node by others has nobody else who does. */
async function reserve(pod: Pod, { of, api }: ReconcileContext): Promise<void> {
  for (const key of claimsOf(pod)) {
    const claim = of(ResourceClaim).get(key);
    const wanted = claim && reservedFor(claim, pod);
    if (wanted) await api.update(ResourceClaim, wanted, { subresource: 'status' });
  }
}
