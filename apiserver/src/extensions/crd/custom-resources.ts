import { type Clock, errorMessage, type Logger, type Random, WorkQueue } from '@keelson/base';
import type { CustomResourceDefinitionCondition, Kind } from '@keelson/types';
import { CustomResourceDefinition } from '@keelson/types';
import { systemUser } from '../../auth/types.ts';
import type { Decoder } from '../../http/decode/decode.ts';
import { approvalOf } from '../../kinds/apiextensions/approval.ts';
import { cleanupFinalizer } from '../../kinds/apiextensions/cleanup-finalizer.ts';
import { setCondition } from '../../kinds/conditions.ts';
import { type Change, follow } from '../../registry/follow.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Writable } from '../../registry/writable.ts';
import { update } from '../../registry/write.ts';
import type { WebhookCaller } from '../webhooks/caller.ts';
import { removeInstances, withoutFinalizer } from './cleanup.ts';
import { converterOf } from './conversion.ts';
import { schemaOf, typeNameOf } from './definition.ts';
import { decideNames, NamesInUse } from './names.ts';
import { prune } from './prune.ts';
import { servedVersions } from './versions.ts';

export interface CustomResourcesOptions {
  readonly registry: Registry;
  readonly decoder: Decoder;
  readonly caller: WebhookCaller;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Serves what CustomResourceDefinitions define: grants their names, establishes them, hands their versions to the registry as kinds like
 * any other, and on deletion removes what they held. Level-triggered over the definitions in the cache.
 */
export class CustomResources {
  readonly #options: CustomResourcesOptions;
  readonly #queue: WorkQueue;
  /** What is served for each definition, by its name. */
  readonly #served = new Map<string, readonly Kind[]>();
  readonly #names = new NamesInUse();
  /** Definitions that were there at the start and have not been looked at yet. */
  readonly #unseen = new Set<string>();
  readonly #seen = Promise.withResolvers<void>();

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
    this.#queue = new WorkQueue(options.clock);
  }

  /** Follows the definitions until the signal. */
  async run(): Promise<void> {
    const { registry, signal, log } = this.#options;
    follow(registry, CustomResourceDefinition, (change) => this.#changed(change));
    for (const name of this.#names.definitions()) this.#unseen.add(name);
    if (this.#unseen.size === 0) this.#seen.resolve();
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    for (let name = await this.#queue.take(); name !== undefined; name = await this.#queue.take()) {
      try {
        await this.#step(name);
        this.#queue.forget(name);
      } catch (error) {
        if (!signal.aborted) log.warn('custom resource definition: trying again', { name, err: errorMessage(error) });
        this.#queue.retry(name);
      } finally {
        this.#queue.done(name);
        if (this.#unseen.delete(name) && this.#unseen.size === 0) this.#seen.resolve();
      }
    }
  }

  #stop(): void {
    this.#queue.close();
    this.#seen.resolve();
  }

  /** Resolves when every definition that was there at the start was looked at once, or nobody looks any more. @throws Error while some cannot be read. */
  async settled(): Promise<void> {
    const { fault } = this.#options.registry.of(CustomResourceDefinition).cache;
    if (fault) throw fault;
    await this.#seen.promise;
  }

  /** Names that one definition gives up are free for others of its group. */
  #changed({ type, object }: Change<CustomResourceDefinition>): void {
    const { name = '' } = object.metadata;
    this.#queue.add(name);
    if (type !== 'DELETED') {
      this.#names.take(object);
      return;
    }
    this.#names.release(name);
    for (const other of this.#names.definitions(object.spec.group)) this.#queue.add(other);
  }

  async #step(name: string): Promise<void> {
    const definition = this.#options.registry.read(CustomResourceDefinition, '', name);
    if (!definition) return this.#serve(name, undefined);
    const next = this.#named(definition);
    if (next) {
      await this.#write(name, 'status', (current) => ({ ...current, status: next.status }));
      if (this.#names.has(name)) this.#names.take(next);
    }
    await this.#serve(name, next ?? definition);
    if (definition.metadata.deletionTimestamp) await this.#cleanUp(definition);
  }

  /** The definition with the status it should have; undefined when it has it. */
  #named(definition: CustomResourceDefinition): CustomResourceDefinition | undefined {
    const { clock } = this.#options;
    const { acceptedNames, namesAccepted, established } = decideNames(definition, this.#names);
    const before = definition.status?.conditions ?? [];
    let conditions = setCondition(before, namesAccepted, clock);
    for (const verdict of [established, approvalOf(definition)]) if (verdict) conditions = setCondition(conditions, verdict, clock);
    const status = { ...definition.status, conditions, acceptedNames } as CustomResourceDefinition['status'];
    return JSON.stringify(status) === JSON.stringify(definition.status) ? undefined : { ...definition, status };
  }

  /** Serves the versions of an established definition; of any other, nothing. */
  async #serve(name: string, definition: CustomResourceDefinition | undefined): Promise<void> {
    const { registry, decoder } = this.#options;
    const established = definition?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
    const kinds = definition && established ? await this.#install(definition) : [];
    for (const old of this.#served.get(name) ?? []) {
      if (kinds.some(({ version, resource }) => version === old.version && resource === old.resource)) continue;
      registry.uninstall(old);
      decoder.define(old.typeName, undefined);
    }
    if (kinds.length > 0) this.#served.set(name, kinds);
    else this.#served.delete(name);
  }

  async #install(definition: CustomResourceDefinition): Promise<Kind[]> {
    const { registry, decoder, caller, random } = this.#options;
    for (const version of definition.spec.versions) {
      const schema = schemaOf(version);
      const { group, names } = definition.spec;
      decoder.define(typeNameOf(group, version.name, names.kind), {
        prune: (object, shapeEmbedded) => prune(object, schema, true, shapeEmbedded),
      });
    }
    const { stored, served } = servedVersions(definition, converterOf(definition, caller, random));
    await registry.install(stored, served);
    return served.map(({ kind }) => kind);
  }

  async #cleanUp(definition: CustomResourceDefinition): Promise<void> {
    const { registry } = this.#options;
    const { name = '', finalizers = [] } = definition.metadata;
    if (!finalizers.includes(cleanupFinalizer)) return;
    const [kind] = this.#served.get(name) ?? [];
    await this.#write(name, 'status', (current) => this.#terminating(current, inProgress));
    const left = kind ? await removeInstances(registry, registry.of(kind)) : 0;
    if (left > 0) this.#queue.addAfter(name, 500);
    else await this.#write(name, 'status', (current) => this.#terminating(withoutFinalizer(current), kind ? completed : neverEstablished));
  }

  #terminating(definition: Writable, verdict: Verdict): Writable {
    const { status } = definition as CustomResourceDefinition;
    const conditions = setCondition(status?.conditions ?? [], { type: 'Terminating', ...verdict }, this.#options.clock);
    return { ...definition, status: { ...status, conditions } };
  }

  async #write(name: string, subresource: string, apply: (current: Writable) => Writable): Promise<void> {
    const { registry } = this.#options;
    const request = { namespace: '', user: systemUser, dryRun: false, subresource, warnings: [] };
    await update(registry, registry.of(CustomResourceDefinition), name, { apply }, request);
  }
}

type Verdict = Pick<CustomResourceDefinitionCondition, 'status' | 'reason' | 'message'>;

/** How far a definition is that goes. */
const inProgress = { status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' };
const completed = { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' };
const neverEstablished = { status: 'False', reason: 'NeverEstablished', message: 'resource was never established' };
