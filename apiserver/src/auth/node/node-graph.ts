import type { KubeObject } from '@keelson/client';
import { type Kind, PersistentVolume, Pod, ResourceSlice, VolumeAttachment } from '@keelson/types';
import { parseEntry } from '../../registry/entry.ts';
import { type Change, follow } from '../../registry/follow.ts';
import { fieldPin } from '../../registry/indexes.ts';
import type { Registry } from '../../registry/registry.ts';
import { type Reference, referencesOf, referencesOfVolume, referenceTo, type VolumeReferences } from './node-references.ts';

/** What the pods bound to a node refer to, a set for each pod. */
export type PodReferences = (node: string) => Iterable<ReadonlySet<Reference>>;

/** Which objects each node has to do with: its own, and by way of the pods bound to it. A decision costs what the node's pods are. */
export class NodeGraph {
  readonly #pods: PodReferences;
  readonly #owners = new Map<Reference, string>();
  readonly #volumes = new Map<Reference, VolumeReferences>();
  /** Volumes by the Secrets they are mounted with. */
  readonly #mountedWith = new Map<Reference, Set<Reference>>();

  constructor(pods: PodReferences) {
    this.#pods = pods;
  }

  /** @param node undefined: the object is gone. */
  setOwner(object: Reference, node: string | undefined): void {
    if (node) this.#owners.set(object, node);
    else this.#owners.delete(object);
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

  /** Whether the object is the node's, or a pod of the node refers to it, or to a claim whose volume it is or is mounted with it. */
  reaches(node: string, reference: Reference): boolean {
    if (this.#owners.get(reference) === node) return true;
    const volumes = [reference, ...(this.#mountedWith.get(reference) ?? [])];
    const wanted = [reference, ...volumes.flatMap((volume) => this.#volumes.get(volume)?.claim ?? [])];
    for (const references of this.#pods(node)) if (wanted.some((one) => references.has(one))) return true;
    return false;
  }
}

/** A graph that follows the registry for as long as that lives. */
export function followNodes(registry: Registry): NodeGraph {
  const graph = new NodeGraph((node) => podReferences(registry, node));
  const keep = <T extends KubeObject>(kind: Kind<T>, change: (reference: Reference, change: Change<T>) => void): void =>
    follow(registry, kind, (one) => change(referenceTo(kind.resource, one.object.metadata.namespace, one.object.metadata.name ?? ''), one));
  keep(PersistentVolume, (volume, { type, object }) =>
    graph.setVolume(volume, type === 'DELETED' ? undefined : referencesOfVolume(object)),
  );
  for (const kind of [VolumeAttachment, ResourceSlice] as readonly Kind<VolumeAttachment | ResourceSlice>[])
    keep(kind, (own, { type, object }) => {
      graph.setOwner(own, type === 'DELETED' ? undefined : object.spec.nodeName);
    });
  return graph;
}

/** Read from a pod's bytes when a node first asks after they were written. */
const known = new WeakMap<Buffer, ReadonlySet<Reference>>();

function podReferences(registry: Registry, node: string): ReadonlySet<Reference>[] {
  const { cache } = registry.of(Pod);
  const found: ReadonlySet<Reference>[] = [];
  cache.eachPinned(cache.prefix, [fieldPin('spec.nodeName', node)], (entry) => {
    const references = known.get(entry.wire) ?? new Set(referencesOf(parseEntry<Pod>(entry)));
    known.set(entry.wire, references);
    return found.push(references) > 0;
  });
  return found;
}
