import { errorMessage, type Timer } from '@keelson/base';
import { copyOf, isStatusReason } from '@keelson/machinery';
import { FlowSchema, type Kind, PriorityLevelConfiguration } from '@keelson/types';
import { systemUser } from '../auth/types.ts';
import { setCondition } from '../kinds/conditions.ts';
import { autoUpdate, mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from '../kinds/flowcontrol/standard.ts';
import { remove } from '../registry/delete.ts';
import { follow } from '../registry/follow.ts';
import type { Registry } from '../registry/registry.ts';
import type { Writable } from '../registry/writable.ts';
import { createMissing, update } from '../registry/write.ts';
import type { WriteRequest } from '../registry/written.ts';
import { danglingOf, planStandard, type Standard, type Step } from './core/plan.ts';

/** Milliseconds after which what somebody did to a standard object is put right: two servers that disagree do no more than this. */
const patience = 60_000;

const producer = 'api-priority-and-fairness-config-producer-v1';
const consumer = 'api-priority-and-fairness-config-consumer-v1';

function writer(manager: string, subresource: string): WriteRequest {
  const owner = { manager, operation: 'Update' as const, apiVersion: FlowSchema.apiVersion, subresource };
  return { namespace: '', user: systemUser, dryRun: false, subresource, warnings: [], owner };
}

/** Makes the standard priority levels and FlowSchemas that are missing, and brings the others up to date. */
export async function bootstrapFairness(registry: Registry): Promise<void> {
  await ensure(registry, PriorityLevelConfiguration, presentOf(registry, PriorityLevelConfiguration), [mandatoryLevels, suggestedLevels]);
  await ensure(registry, FlowSchema, presentOf(registry, FlowSchema), [mandatorySchemas, suggestedSchemas]);
}

/**
 * Keeps the standard objects as they are to be and, where `conditions` says so, tells in each FlowSchema's status whether its level is
 * there. Works when something changes; until the signal.
 */
export function keepFairness(registry: Registry, conditions: boolean, signal: AbortSignal): void {
  const keeper = new Keeper(registry, conditions, signal);
  signal.addEventListener('abort', () => keeper.stop(), { once: true });
}

class Keeper {
  readonly #registry: Registry;
  readonly #conditions: boolean;
  readonly #signal: AbortSignal;
  readonly #levels = new Map<string, PriorityLevelConfiguration>();
  readonly #schemas = new Map<string, FlowSchema>();
  #working = false;
  #changed = false;
  #repair: Timer | undefined;

  constructor(registry: Registry, conditions: boolean, signal: AbortSignal) {
    this.#registry = registry;
    this.#conditions = conditions;
    this.#signal = signal;
    this.#follow(PriorityLevelConfiguration, this.#levels);
    this.#follow(FlowSchema, this.#schemas);
  }

  stop(): void {
    this.#repair?.cancel();
  }

  #follow<O extends Standard & Writable>(kind: Kind<O>, objects: Map<string, O>): void {
    follow(this.#registry, kind, ({ type, object }) => {
      if (type === 'DELETED') objects.delete(object.metadata.name ?? '');
      else objects.set(object.metadata.name ?? '', object);
      this.#changed = true;
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    // All that changes in this turn of the event loop is one change.
    await Promise.resolve();
    while (this.#changed && !this.#signal.aborted) {
      this.#changed = false;
      this.#planRepair();
      if (this.#conditions) await Promise.all([...this.#schemas.values()].map((schema) => this.#tell(schema)));
    }
    this.#working = false;
  }

  async #tell(schema: FlowSchema): Promise<void> {
    const condition = danglingOf(schema, this.#levels);
    if (!condition) return;
    const { clock } = this.#registry.options;
    const apply = (current: Writable): Writable => {
      const { status } = current as FlowSchema;
      const present = (status?.conditions ?? []).map((one) => ({ ...one, type: one.type ?? '', status: one.status ?? '' }));
      current.status = { ...status, conditions: setCondition(present, condition, clock) };
      return current;
    };
    const name = schema.metadata.name ?? '';
    await this.#attempt(() => update(this.#registry, this.#registry.of(FlowSchema), name, { apply }, writer(consumer, 'status')));
  }

  #planRepair(): void {
    const broken =
      planStandard(this.#levels, mandatoryLevels, suggestedLevels).length +
      planStandard(this.#schemas, mandatorySchemas, suggestedSchemas).length;
    if (broken === 0 || this.#repair) return;
    this.#repair = this.#registry.options.clock.after(patience, () => {
      this.#repair = undefined;
      void this.#attempt(() => bootstrapFairness(this.#registry)).then(() => this.#planRepair());
    });
  }

  /** What fails is tried again with the next change. */
  async #attempt(write: () => Promise<unknown>): Promise<void> {
    await write().catch((error: unknown) => {
      const gone = isStatusReason(error, 'NotFound') || this.#signal.aborted;
      if (!gone) this.#registry.options.log.warn('could not keep a flowcontrol object', { err: errorMessage(error) });
    });
  }
}

function presentOf<O extends Standard & Writable>(registry: Registry, kind: Kind<O>): Map<string, O> {
  const { cache } = registry.of(kind);
  const present = new Map<string, O>();
  cache.each(cache.prefix, ({ name }) => {
    const object = registry.read(kind, '', name);
    if (object) present.set(name, object);
    return true;
  });
  return present;
}

async function ensure<O extends Standard & Writable>(
  registry: Registry,
  kind: Kind<O>,
  present: ReadonlyMap<string, O>,
  [mandatory, suggested]: readonly [readonly O[], readonly O[]],
): Promise<void> {
  await Promise.all(planStandard(present, mandatory, suggested).map((step) => take(registry, kind, step)));
}

async function take<O extends Standard & Writable>(registry: Registry, kind: Kind<O>, step: Step<O>): Promise<void> {
  const store = registry.of(kind);
  const request = writer(producer, '');
  if (step.type === 'create') return createMissing(registry, store, copyOf(step.object), request);
  if (step.type === 'delete') {
    await remove(registry, store, step.name, {}, request);
    return;
  }
  const apply = (current: Writable): Writable => {
    current.metadata.annotations = { ...current.metadata.annotations, [autoUpdate]: step.annotation };
    current.spec = copyOf(step.spec);
    return current;
  };
  await update(registry, store, step.name, { apply }, request);
}
