import { ApiError } from '@keelson/client';
import {
  type ControllerDefinition,
  defineController,
  type Key,
  keyOf,
  kindKey,
  mapped,
  type Outcome,
  type ReconcileContext,
  type Stores,
} from '@keelson/runtime';
import type { Kind, ObjectMeta, OwnerReference } from '@keelson/types';
import { isGone } from '../../api-errors.ts';
import { type Claimable, refersTo, releasePatch } from '../../claims.ts';
import { type Action, isLeaving, type OwnerState, orphanFinalizer, planCollection, unblocked } from './plan.ts';

type ObjectKind = Kind<Claimable>;

/** The index of dependents by the uids of their owners. */
const owners = 'owners';

/** Owners known to be absent that are kept in mind, at most. A uid never comes back. */
const remembered = 5000;

/** Deletes what has lost its owners, among objects of these kinds. */
export function garbageCollector(kinds: readonly ObjectKind[], workers: number): ControllerDefinition {
  const collector = new Collector(kinds);
  return defineController({
    name: 'garbage_collector_attempt_to_delete',
    reads: kinds,
    writes: ['*'],
    triggers: kinds.map((kind) =>
      mapped<Claimable>(kind, (object, stores) => collector.affected(kind, object, stores), {
        when: (change) => change.type !== 'updated' || ties(change.object) !== ties(change.old),
        indexes: { [owners]: ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid) },
      }),
    ),
    workers,
    reconcile: (key, context) => collector.reconcile(key, context),
  });
}

/** What of an object decides whether it is collected. */
function ties({ metadata }: Claimable): string {
  const { uid, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return JSON.stringify([uid, deletionTimestamp, finalizers, ownerReferences]);
}

class Collector {
  readonly #kinds: ReadonlyMap<string, ObjectKind>;
  readonly #gone = new Set<string>();

  constructor(kinds: readonly ObjectKind[]) {
    this.#kinds = new Map(kinds.map((kind) => [kindKey(kind), kind]));
  }

  /** The object itself when there may be something to do, those that wait for it, and those it leaves behind. */
  affected(kind: ObjectKind, object: Claimable, stores: Stores): readonly Key[] {
    const { metadata } = object;
    const present = stores.of(kind).get(keyOf(object))?.metadata.uid === metadata.uid;
    const waiting = (metadata.ownerReferences ?? []).flatMap((reference) => this.#leavingOwner(reference, metadata, stores));
    const needsLook = present && (Boolean(metadata.deletionTimestamp) || this.#hasOddOwner(metadata, stores));
    const own = needsLook ? [...waiting, keyFor(kind, metadata)] : waiting;
    if (present && !isLeaving(metadata)) return own;
    return [...own, ...this.#dependents(metadata, stores).map((one) => keyFor(one.kind, one.metadata))];
  }

  #leavingOwner(reference: OwnerReference, dependent: ObjectMeta, stores: Stores): Key[] {
    const found = this.#ownerInStore(reference, dependent, stores);
    return found && isLeaving(found.metadata) ? [keyFor(found.kind, found.metadata)] : [];
  }

  /** True when an owner is on its way out, or not known to be there. */
  #hasOddOwner(metadata: ObjectMeta, stores: Stores): boolean {
    return (metadata.ownerReferences ?? []).some((reference) => {
      const found = this.#ownerInStore(reference, metadata, stores);
      return !found || isLeaving(found.metadata);
    });
  }

  #ownerInStore(reference: OwnerReference, dependent: ObjectMeta, stores: Stores): { kind: ObjectKind; metadata: ObjectMeta } | undefined {
    const kind = this.#kindOf(reference);
    if (!kind) return undefined;
    const key = kind.namespaced ? `${dependent.namespace}/${reference.name}` : reference.name;
    const metadata = stores.of(kind).get(key)?.metadata;
    return metadata?.uid === reference.uid ? { kind, metadata } : undefined;
  }

  #kindOf(reference: OwnerReference): ObjectKind | undefined {
    const exact = this.#kinds.get(`${reference.apiVersion}/${reference.kind}`);
    return exact ?? this.#kinds.values().find((kind) => refersTo(reference, kind));
  }

  #dependents(owner: ObjectMeta, stores: Stores): { kind: ObjectKind; metadata: ObjectMeta }[] {
    const uid = owner.uid ?? '';
    const all = [...this.#kinds.values()].flatMap((kind) =>
      stores
        .of(kind)
        .byIndex(owners, uid)
        .map(({ metadata }) => ({ kind, metadata })),
    );
    return all.filter(({ metadata }) => owner.namespace === undefined || metadata.namespace === owner.namespace);
  }

  async reconcile(key: Key, context: ReconcileContext): Promise<Outcome> {
    const [name = '', objectKey = ''] = key.split(' ');
    const kind = this.#kinds.get(name);
    const object = kind && context.of(kind).get(objectKey);
    if (!kind || !object) return undefined;
    const { metadata } = object;
    const dependents = this.#dependents(metadata, context);
    const states = metadata.deletionTimestamp ? new Map<string, OwnerState>() : await this.#ownerStates(kind, metadata, context);
    const action = planCollection({ metadata, owners: states, dependents: dependents.map((one) => one.metadata) });
    await this.#act(action, kind, metadata, dependents, context);
    return undefined;
  }

  async #ownerStates(kind: ObjectKind, metadata: ObjectMeta, context: ReconcileContext): Promise<ReadonlyMap<string, OwnerState>> {
    const references = metadata.ownerReferences ?? [];
    const states = await Promise.all(references.map((reference) => this.#ownerState(reference, kind, metadata, context)));
    return new Map(references.map(({ uid }, i) => [uid, states[i] ?? 'present']));
  }

  /** An owner that was not seen counts as absent only when the server says so. @throws when its kind is not known. */
  async #ownerState(
    reference: OwnerReference,
    dependentKind: ObjectKind,
    dependent: ObjectMeta,
    context: ReconcileContext,
  ): Promise<OwnerState> {
    const found = this.#ownerInStore(reference, dependent, context);
    if (found) return isLeaving(found.metadata) ? 'leaving' : 'present';
    // An owner is missed in one namespace while it may well be in another.
    const absence = `${dependent.namespace ?? ''}/${reference.uid}`;
    if (this.#gone.has(absence)) return 'absent';
    const kind = this.#kindOf(reference);
    if (!kind) throw new Error(`no matches for kind ${JSON.stringify(reference.kind)} in version ${JSON.stringify(reference.apiVersion)}`);
    if (kind.namespaced && !dependent.namespace) {
      if (isElsewhere(reference, kind, context)) warn(reference, dependentKind, dependent, context);
      return 'present';
    }
    const live = await liveMetadata(kind, { name: reference.name, namespace: kind.namespaced ? dependent.namespace : undefined }, context);
    if (live?.uid === reference.uid) return isLeaving(live) ? 'leaving' : 'present';
    if (isElsewhere(reference, kind, context)) warn(reference, dependentKind, dependent, context);
    else this.#remember(absence);
    return 'absent';
  }

  #remember(absence: string): void {
    this.#gone.add(absence);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= remembered) return;
      this.#gone.delete(oldest);
    }
  }

  async #act(
    action: Action,
    kind: ObjectKind,
    metadata: ObjectMeta,
    dependents: readonly { kind: ObjectKind; metadata: ObjectMeta }[],
    context: ReconcileContext,
  ): Promise<void> {
    switch (action.type) {
      case 'none':
        return;
      case 'disown':
        return disown(kind, metadata, action.uids, context);
      case 'delete':
        if (action.unblock) await patch(kind, metadata, { ownerReferences: unblocked(metadata.ownerReferences) }, context);
        return collect(kind, metadata, action.policy, context);
      case 'orphan':
        await Promise.all(dependents.map((one) => disown(one.kind, one.metadata, [metadata.uid ?? ''], context)));
        return release(kind, metadata, orphanFinalizer, context);
      case 'release':
        return release(kind, metadata, action.finalizer, context);
    }
  }
}

/** Whether an owner that is not in its dependent's namespace is in another one. */
function isElsewhere({ uid }: OwnerReference, kind: ObjectKind, { of }: Stores): boolean {
  return (
    kind.namespaced &&
    of(kind)
      .list()
      .some(({ metadata }) => metadata.uid === uid)
  );
}

function warn(
  { apiVersion, kind: ownerKind, name, uid }: OwnerReference,
  kind: ObjectKind,
  metadata: ObjectMeta,
  context: ReconcileContext,
): void {
  const { namespace = '' } = metadata;
  const owner = `[${apiVersion}/${ownerKind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
  const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
  context.events.event({ apiVersion: kind.apiVersion, kind: kind.kind, metadata }, 'Warning', 'OwnerRefInvalidNamespace', message);
}

function keyFor(kind: ObjectKind, metadata: ObjectMeta): Key {
  return `${kindKey(kind)} ${keyOf({ metadata })}`;
}

async function liveMetadata(
  kind: ObjectKind,
  key: { name: string; namespace: string | undefined },
  { api }: ReconcileContext,
): Promise<ObjectMeta | undefined> {
  try {
    return (await api.get(kind, key)).metadata;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Refused when the object changed since it was judged: then it is judged again. */
async function collect(
  kind: ObjectKind,
  metadata: ObjectMeta,
  policy: 'Background' | 'Foreground' | 'Orphan',
  { api, log }: ReconcileContext,
): Promise<void> {
  const { name = '', namespace, uid, resourceVersion } = metadata;
  log.debug('deleting object', { kind: kind.kind, object: keyOf({ metadata }), policy });
  const preconditions = { uid, ...(policy === 'Foreground' ? {} : { resourceVersion }) };
  await unlessGone(api.delete(kind, { name, namespace }, { propagationPolicy: policy, preconditions }));
}

async function disown(kind: ObjectKind, metadata: ObjectMeta, uids: readonly string[], context: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid } = metadata;
  try {
    await unlessGone(context.api.patch(kind, { name, namespace }, 'application/strategic-merge-patch+json', releasePatch(uid, uids)));
  } catch (error) {
    // Custom resources know no strategic merge.
    if (!(error instanceof ApiError && error.code === 415)) throw error;
    const ownerReferences = (metadata.ownerReferences ?? []).filter((reference) => !uids.includes(reference.uid));
    await patch(kind, metadata, { ownerReferences }, context);
  }
}

async function release(kind: ObjectKind, metadata: ObjectMeta, finalizer: string, context: ReconcileContext): Promise<void> {
  await patch(kind, metadata, { finalizers: (metadata.finalizers ?? []).filter((one) => one !== finalizer) }, context);
}

async function patch(kind: ObjectKind, metadata: ObjectMeta, change: Partial<ObjectMeta>, { api }: ReconcileContext): Promise<void> {
  const { name = '', namespace, uid, resourceVersion } = metadata;
  const body = { metadata: { uid, resourceVersion, ...change } };
  await unlessGone(api.patch(kind, { name, namespace }, 'application/merge-patch+json', body));
}

async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
