import { equal, forbidden } from '@keelson/machinery';
import type { ObjectMeta, OwnerReference } from '@keelson/types';
import type { AuthorizationAttributes, Decision } from '../auth/types.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

type Authorize = (attributes: AuthorizationAttributes) => Promise<Decision>;

/**
 * What belongs to another object goes when that goes, and can hold it back: who says so may delete the one, and the finalizers of the
 * other.
 */
export function ownerReferencesPermissionEnforcement(authorize: Authorize): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    async validate(attributes) {
      const { operation, subresource, store, object, old, name } = attributes;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object) return;
      if (store.kind.group === '' && store.kind.resource === 'pods' && subresource === 'status') return;
      const [next, before] = [ownersOf(object), ownersOf(old)];
      if (equal(next, before)) return;
      const refuse = (why: string): Error => forbidden(store.groupResource, name, why);
      if (operation !== 'CREATE' || next.length > 0) {
        const decision = await authorize(deletion(attributes));
        if (decision.type !== 'allow') throw refuse(`cannot set an ownerRef on a resource you can't delete: ${decision.reason}, <nil>`);
      }
      for (const owner of next) {
        if (!owner.blockOwnerDeletion || before.some((one) => one.uid === owner.uid && one.blockOwnerDeletion)) continue;
        const why = await blockingProblem(owner, attributes, authorize);
        if (why !== undefined) throw refuse(why);
      }
    },
  };
}

function ownersOf(object: unknown): readonly OwnerReference[] {
  return (object as { metadata?: ObjectMeta } | undefined)?.metadata?.ownerReferences ?? [];
}

/** A new object's own name does not matter yet. */
function deletion({ store, user, namespace, name, operation }: AdmissionAttributes): AuthorizationAttributes {
  const { group, version, resource } = store.kind;
  const asked = operation === 'CREATE' ? '' : name;
  return { user, verb: 'delete', isResource: true, path: '', group, version, resource, subresource: '', namespace, name: asked };
}

async function blockingProblem(
  { apiVersion, kind, name }: OwnerReference,
  { registry, user, namespace }: AdmissionAttributes,
  authorize: Authorize,
): Promise<string | undefined> {
  const found = registry.named({ apiVersion, kind });
  if (!found)
    return `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind "${kind}" in version "${apiVersion}"`;
  const { group, version, resource, namespaced } = found.kind;
  const where = { group, version, resource, subresource: 'finalizers', namespace: namespaced ? namespace : '', name };
  const decision = await authorize({ user, verb: 'update', isResource: true, path: '', ...where });
  if (decision.type === 'allow') return undefined;
  return `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${decision.reason}, <nil>`;
}
