import type { Kind, ObjectMeta, OwnerReference } from '@keelson/types';

type Owned = Pick<ObjectMeta, 'ownerReferences'>;
type Owner = Pick<ObjectMeta, 'name' | 'uid'>;

/** The reference to the one controller of an object. */
export function controllerOf(meta: Owned): OwnerReference | undefined {
  return meta.ownerReferences?.find(({ controller }) => controller === true);
}

export function isControlledBy(meta: Owned, owner: Pick<ObjectMeta, 'uid'>): boolean {
  const controller = controllerOf(meta);
  return controller !== undefined && controller.uid === owner.uid;
}

/** Whether an object names this owner, as its controller or not. */
export function hasOwner(meta: Owned, owner: Pick<ObjectMeta, 'uid'>): boolean {
  return meta.ownerReferences?.some(({ uid }) => uid === owner.uid) ?? false;
}

/** What a controller writes on what it makes: it controls it, and foreground deletion waits for it. */
export function newControllerRef(owner: Owner, { apiVersion, kind }: Pick<Kind<unknown>, 'apiVersion' | 'kind'>): OwnerReference {
  return { apiVersion, kind, name: owner.name ?? '', uid: owner.uid ?? '', controller: true, blockOwnerDeletion: true };
}
