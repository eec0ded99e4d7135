import { errorMessage } from '@keelson/base';
import type { DeleteQuery, WriteOptions } from '@keelson/client';
import type { Manifest } from '../apply/server-side.ts';
import type { Cluster } from '../cluster.ts';
import type { DryRun } from '../printers/result.ts';
import type { ApiResource } from '../resource/discovery.ts';
import { listAll } from '../resource/targets.ts';
import type { AnyObject } from '../types.ts';
import { fetchContents, namedParent, type Parent, requirePermitted, updateParent } from './parent.ts';
import { asMember, type Contents, memberLabel, searches, union } from './plan.ts';

export interface ApplySetOptions {
  readonly dryRun: DryRun;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  /** How what is pruned is deleted. */
  readonly deletion: DeleteQuery;
  /** Hears of conflicts over the parent that were overcome. */
  readonly warn: (text: string) => void;
}

/** A set of objects that one parent stands for, through one apply. */
export class ApplySet {
  readonly #cluster: Cluster;
  readonly #parent: Parent;
  readonly #options: ApplySetOptions;
  readonly #visited = new Set<string>();
  #before: Contents<ApiResource> = { kinds: [], namespaces: [] };
  #now: Contents<ApiResource> = { kinds: [], namespaces: [] };

  private constructor(cluster: Cluster, parent: Parent, options: ApplySetOptions) {
    this.#cluster = cluster;
    this.#parent = parent;
    this.#options = options;
  }

  /** The set that `--applyset` names. @throws Error in kubectl's words when that cannot be a parent. */
  static async named(cluster: Cluster, text: string, options: ApplySetOptions): Promise<ApplySet> {
    const parent = await namedParent(cluster, text);
    return new ApplySet(cluster, parent, options);
  }

  /** @throws Error as `requirePermitted`. */
  async requirePermitted(): Promise<void> {
    await requirePermitted(this.#cluster, this.#parent);
  }

  /** The manifests with the label of the set's members. @throws Error when one has it already. */
  members(manifests: readonly Manifest[]): Manifest[] {
    return manifests.map((manifest) => ({ ...manifest, local: asMember(manifest.local, this.#parent.id) }));
  }

  /** Before anything is applied the parent tells of what there was and what there will be, so that whatever fails nothing is lost. */
  async begin(manifests: readonly Manifest[]): Promise<void> {
    this.#before = await fetchContents(this.#cluster, this.#parent);
    this.#now = { kinds: manifests.map(({ mapping }) => mapping), namespaces: manifests.flatMap(({ namespace }) => namespace ?? []) };
    await this.#tell(union(this.#before, this.#now));
  }

  /** Keeps what was applied from being pruned. */
  visit({ metadata }: AnyObject): void {
    if (metadata.uid) this.#visited.add(metadata.uid);
  }

  /** Deletes the members that were not visited, tells of each as `pruned`, and leaves the parent telling of those that were. */
  async end(print: (object: AnyObject, operation: string) => void): Promise<void> {
    const { dryRun, deletion } = this.#options;
    for (const { mapping, object } of await this.#stale()) {
      const { name = '', namespace } = object.metadata;
      try {
        if (dryRun !== 'client') await this.#cluster.api.delete(mapping, { name, namespace }, deletion);
      } catch (error) {
        throw new Error(`pruning ${mapping.kind} ${namespace ? `${namespace}/` : ''}${name}: ${errorMessage(error)}`);
      }
      print(object, 'pruned');
    }
    await this.#tell(this.#now);
  }

  async #stale(): Promise<{ mapping: ApiResource; object: AnyObject }[]> {
    const places = searches(union(this.#before, this.#now), this.#parent.key);
    const lists = await Promise.all(
      places.map(async (place) => {
        const { group, version, kind } = place.mapping;
        try {
          return { mapping: place.mapping, objects: await listAll(this.#cluster, place, `${memberLabel}=${this.#parent.id}`) };
        } catch (error) {
          throw new Error(`listing ${group}/${version}, Kind=${kind} objects for pruning: ${errorMessage(error)}`);
        }
      }),
    );
    return lists.flatMap(({ mapping, objects }) =>
      objects.filter(({ metadata }) => !this.#visited.has(metadata.uid ?? '')).map((object) => ({ mapping, object })),
    );
  }

  async #tell(contents: Contents): Promise<void> {
    const { dryRun, fieldValidation, warn } = this.#options;
    if (dryRun === 'client') return;
    const options: WriteOptions = { fieldValidation, dryRun: dryRun === 'server' };
    await updateParent(this.#cluster, this.#parent, contents, { ...options, warn });
  }
}
