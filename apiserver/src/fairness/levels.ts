import { FlowSchema, PriorityLevelConfiguration } from '@keelson/types';
import { mandatoryLevels, mandatorySchemas } from '../kinds/flowcontrol/standard.ts';
import { type Change, follow } from '../registry/follow.ts';
import type { Registry } from '../registry/registry.ts';
import { Account } from './account.ts';
import { type Asked, type Asker, Classifier } from './core/classify.ts';
import { hashOf } from './core/hand.ts';
import { type Limits, lend, limitsOf, type Shares, smoothed } from './core/limits.ts';
import { QueueSet, type Queuing, type Ticket } from './core/queue-set.ts';
import { widestOf } from './core/width.ts';

/** One priority level at work. `T`: what is known of a request in it. */
export interface Level<T> {
  readonly name: string;
  readonly set: QueueSet<T>;
  uid: string;
  exempt: boolean;
  queuing: Queuing | undefined;
  shares: Shares;
  limits: Limits;
  /** Seats it has now: its nominal ones, and those lent or borrowed. */
  current: number;
  target: number;
  smoothedDemand: number;
  highestDemand: number;
  /** Seats one request may take. */
  widest: number;
  /** Its object is gone, its requests are not. */
  quiescing: boolean;
}

/** One FlowSchema at work. */
export interface Flow<T> {
  readonly name: string;
  readonly uid: string;
  readonly level: Level<T>;
  readonly by: string;
  /** Hash of its name, for those of its flows. */
  readonly seed: number;
  readonly account: Account;
}

const nothing: Limits = { nominal: 0, lower: 0, upper: 0 };

/**
 * The priority levels and FlowSchemas of the cluster, compiled, and compiled again when one changes. The mandatory ones are there even
 * while their objects are not. A FlowSchema whose level is missing matches nothing.
 */
export class Levels<T> {
  readonly #total: number;
  readonly #onStart: (tickets: readonly Ticket<T>[]) => void;
  readonly #now: () => number;
  readonly #schemas = new Map<string, FlowSchema>();
  readonly #configurations = new Map<string, PriorityLevelConfiguration>();
  readonly #levels = new Map<string, Level<T>>();
  readonly #accounts = new Map<string, Account>();
  #classifier = new Classifier<Flow<T>>([]);
  #catchAll: Flow<T> | undefined;
  #stale = false;
  /** Of its demand what each level got in the last period. */
  fraction = 0;

  /** `total`: seats of the server. `onStart` is told which waiting requests start because of a change. */
  constructor(registry: Registry, total: number, onStart: (tickets: readonly Ticket<T>[]) => void) {
    this.#total = total;
    this.#onStart = onStart;
    this.#now = () => registry.options.clock.now();
    follow(registry, PriorityLevelConfiguration, (change) => this.#changed(this.#configurations, change));
    follow(registry, FlowSchema, (change) => this.#changed(this.#schemas, change));
    this.#compile();
  }

  get all(): Iterable<Level<T>> {
    return this.#levels.values();
  }

  get accounts(): Iterable<Account> {
    return this.#accounts.values();
  }

  /** Where a request belongs; what no FlowSchema matches, to `catch-all`. */
  classify(asked: Asked, user: Asker): Flow<T> {
    return this.#classifier.find(asked, user) ?? (this.#catchAll as Flow<T>);
  }

  /** Forgets what was wanted so far: a period begins. */
  beginPeriod(): void {
    for (const { set } of this.all) set.takeHighest();
  }

  /**
   * Ends a period: seats go to where they were wanted.
   * @returns false when nobody wanted more than its own: then every level has its nominal seats again.
   */
  lend(): boolean {
    const all = [...this.all];
    for (const level of all) level.highestDemand = level.set.takeHighest();
    const wanted = all.some(({ exempt, limits, highestDemand }) => !exempt && highestDemand > limits.nominal);
    for (const level of all) level.smoothedDemand = wanted ? smoothed(level.smoothedDemand, level.highestDemand) : 0;
    const { seats, targets, fraction } = lend(
      this.#total,
      all.map(({ limits, highestDemand, smoothedDemand }) => ({ limits, highest: highestDemand, smoothed: smoothedDemand })),
    );
    this.fraction = fraction;
    for (const [i, level] of all.entries()) {
      level.target = targets[i] ?? 0;
      level.current = wanted ? (seats[i] ?? 0) : level.limits.nominal;
      this.#apply(level);
    }
    return wanted;
  }

  #changed<O extends FlowSchema | PriorityLevelConfiguration>(objects: Map<string, O>, { type, object }: Change<O>): void {
    const name = object.metadata.name ?? '';
    if (type === 'DELETED') objects.delete(name);
    else objects.set(name, object);
    if (this.#stale) return;
    this.#stale = true;
    queueMicrotask(() => this.#compile());
  }

  #compile(): void {
    this.#stale = false;
    const configurations = withMandatory(this.#configurations, mandatoryLevels);
    for (const configuration of configurations.values()) this.#configure(configuration);
    for (const level of this.all) {
      level.quiescing = !configurations.has(level.name);
      if (level.quiescing && level.set.executing.size + level.set.waiting === 0) this.#levels.delete(level.name);
    }
    this.#divide();
    const entries = [...withMandatory(this.#schemas, mandatorySchemas).values()].flatMap((schema) => {
      const level = this.#levels.get(schema.spec?.priorityLevelConfiguration.name ?? '');
      return level && !level.quiescing ? [{ schema, value: this.#flowOf(schema, level) }] : [];
    });
    this.#classifier = new Classifier(entries);
    this.#catchAll = entries.find(({ value }) => value.name === 'catch-all')?.value;
  }

  #configure({ metadata, spec }: PriorityLevelConfiguration): void {
    const name = metadata.name ?? '';
    const level = this.#levels.get(name) ?? emptyLevel<T>(name);
    this.#levels.set(name, level);
    const { exempt, limited } = spec ?? {};
    const { nominalConcurrencyShares: shares = 0, lendablePercent = 0 } = limited ?? exempt ?? {};
    level.uid = metadata.uid ?? '';
    level.exempt = spec?.type === 'Exempt';
    level.shares = { shares, lendablePercent, borrowingLimitPercent: limited?.borrowingLimitPercent };
    level.queuing = queuingOf(spec);
  }

  /** Divides the server's seats anew; a level that gets as many as before keeps what it has lent or borrowed. */
  #divide(): void {
    const all = [...this.all];
    const limits = limitsOf(
      this.#total,
      all.map(({ shares }) => shares),
    );
    for (const [i, level] of all.entries()) {
      const before = level.limits.nominal;
      level.limits = limits[i] ?? nothing;
      if (level.limits.nominal !== before) level.current = level.limits.nominal;
      level.widest = widestOf(level.limits.nominal);
      this.#apply(level);
    }
  }

  #apply({ set, queuing, exempt, current }: Level<T>): void {
    this.#onStart(set.configure(queuing, exempt ? Number.POSITIVE_INFINITY : current, this.#now()));
  }

  #flowOf({ metadata, spec }: FlowSchema, level: Level<T>): Flow<T> {
    const name = metadata.name ?? '';
    const key = `${level.name}/${name}`;
    const account = this.#accounts.get(key) ?? new Account(name, level.name);
    this.#accounts.set(key, account);
    const by = spec?.distinguisherMethod?.type ?? '';
    return { name, uid: metadata.uid ?? '', level, by, seed: hashOf(`${name},`), account };
  }
}

function emptyLevel<T>(name: string): Level<T> {
  const demand = { target: 0, smoothedDemand: 0, highestDemand: 0 };
  const shares = { shares: 0, lendablePercent: 0 };
  const set = new QueueSet<T>(undefined, 0);
  return {
    ...demand,
    name,
    set,
    shares,
    uid: '',
    exempt: false,
    queuing: undefined,
    limits: nothing,
    current: 0,
    widest: 1,
    quiescing: false,
  };
}

function queuingOf(spec: PriorityLevelConfiguration['spec']): Queuing | undefined {
  const { type, queuing } = spec?.limited?.limitResponse ?? {};
  if (type !== 'Queue') return undefined;
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing ?? {};
  return { queues, handSize, queueLengthLimit };
}

function withMandatory<O extends FlowSchema | PriorityLevelConfiguration>(
  present: ReadonlyMap<string, O>,
  mandatory: readonly O[],
): Map<string, O> {
  return new Map([...mandatory.map((object): [string, O] => [object.metadata.name ?? '', object]), ...present]);
}
