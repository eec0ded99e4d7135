import type { KubeObject } from '@keelson/client';
import { type Kind, PersistentVolume, Pod, ResourceSlice, VolumeAttachment } from '@keelson/types';
import { type Change, follow } from '../registry/follow.ts';
import type { Registry } from '../registry/registry.ts';
import { type Reference, referencesOf, referencesOfVolume, referenceTo, type VolumeReferences } from './node-references.ts';

/**
 * Which objects each node has to do with, by way of the pods bound to it. Changes are told as they happen, so that a decision is a few
 * look-ups however many pods there are.
 */
export class NodeGraph {
  /** For each node, by how many of its holders each object is referred to. */
  readonly #counts = new Map<string, Map<Reference, number>>();
  readonly #holders = new Map<string, { readonly node: string; readonly references: readonly Reference[] }>();
  readonly #volumes = new Map<Reference, VolumeReferences>();
  /** Volumes by the Secrets they are mounted with. */
  readonly #mountedWith = new Map<Reference, Set<Reference>>();

  /** @param holder whoever refers, by its key: what it referred to before is forgotten. An empty `node`: it is on none. */
  hold(holder: string, node: string, references: readonly Reference[]): void {
    this.release(holder);
    if (node === '') return;
    this.#holders.set(holder, { node, references });
    const counts = this.#counts.get(node) ?? new Map<Reference, number>();
    this.#counts.set(node, counts);
    for (const reference of references) counts.set(reference, (counts.get(reference) ?? 0) + 1);
  }

  release(holder: string): void {
    const held = this.#holders.get(holder);
    if (!held) return;
    this.#holders.delete(holder);
    const counts = this.#counts.get(held.node);
    for (const reference of held.references) {
      const left = (counts?.get(reference) ?? 0) - 1;
      if (left > 0) counts?.set(reference, left);
      else counts?.delete(reference);
    }
    if (counts?.size === 0) this.#counts.delete(held.node);
  }

  /** @param next undefined: it is gone, or bound to no claim. */
  setVolume(volume: Reference, next: VolumeReferences | undefined): void {
    for (const secret of this.#volumes.get(volume)?.secrets ?? []) {
      const users = this.#mountedWith.get(secret);
      users?.delete(volume);
      if (users?.size === 0) this.#mountedWith.delete(secret);
    }
    this.#volumes.delete(volume);
    if (!next) return;
    this.#volumes.set(volume, next);
    for (const secret of next.secrets) this.#mountedWith.set(secret, (this.#mountedWith.get(secret) ?? new Set()).add(volume));
  }

  /** Whether a pod of the node refers to the object, or to a claim whose volume is the object or is mounted with it. */
  reaches(node: string, reference: Reference): boolean {
    const counts = this.#counts.get(node);
    if (!counts) return false;
    if (counts.has(reference)) return true;
    const uses = (volume: Reference): boolean => counts.has(this.#volumes.get(volume)?.claim ?? '');
    if (uses(reference)) return true;
    for (const volume of this.#mountedWith.get(reference) ?? []) if (uses(volume)) return true;
    return false;
  }
}

/** A graph that follows the registry for as long as that lives. */
export function followNodes(registry: Registry): NodeGraph {
  const graph = new NodeGraph();
  const keep = <T extends KubeObject>(kind: Kind<T>, change: (reference: Reference, change: Change<T>) => void): void =>
    follow(registry, kind, (one) => change(referenceTo(kind.resource, one.object.metadata.namespace, one.object.metadata.name ?? ''), one));
  keep(Pod, (pod, { type, object }) => {
    if (type === 'DELETED') graph.release(pod);
    else graph.hold(pod, object.spec.nodeName ?? '', referencesOf(object));
  });
  keep(PersistentVolume, (volume, { type, object }) =>
    graph.setVolume(volume, type === 'DELETED' ? undefined : referencesOfVolume(object)),
  );
  for (const kind of [VolumeAttachment, ResourceSlice] as readonly Kind<VolumeAttachment | ResourceSlice>[])
    keep(kind, (own, { type, object }) => {
      if (type === 'DELETED') graph.release(own);
      else graph.hold(own, object.spec.nodeName ?? '', [own]);
    });
  return graph;
}
