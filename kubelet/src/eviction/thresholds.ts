import { parseGoDuration } from '@keelson/base';
import { canonicalQuantity, formatQuantity, parseQuantity, quantityValue } from '@keelson/machinery';
import { type DiskLayout, type NodeResources, type Observation, type Pressures, signalFacts } from './signals.ts';

/** An amount, or a share of what there is in all. */
interface Bound {
  readonly amount: number;
  readonly share: boolean;
}

/** What must be left of the node, or pods are evicted. */
export interface Threshold extends Bound {
  readonly signal: string;
  /** Milliseconds that it must have been crossed before pods go; 0: a hard threshold. */
  readonly graceMs: number;
  /** By how much it must be exceeded before it counts as met no more. */
  readonly reclaim: Bound | undefined;
}

/** As the flags have them: `memory.available<100Mi,nodefs.available<10%`, and `=` for the last two. */
export interface ThresholdTexts {
  readonly hard: string;
  readonly soft?: string | undefined;
  readonly softGrace?: string | undefined;
  readonly minimumReclaim?: string | undefined;
}

/** @throws Error naming what is wrong, in upstream's words where those are told to users. */
export function parseThresholds({ hard, soft = '', softGrace = '', minimumReclaim = '' }: ThresholdTexts): readonly Threshold[] {
  const graces = new Map([...statements(softGrace, '=')].map(([signal, text]) => [signal, grace(text)]));
  const reclaims = new Map([...statements(minimumReclaim, '=')].map(([signal, text]) => [signal, bound(signal, text)]));
  const threshold = (signal: string, text: string, graceMs: number): Threshold => ({
    ...bound(signal, text),
    signal,
    graceMs,
    reclaim: reclaims.get(signal),
  });
  const softly = (signal: string): number => {
    const ms = graces.get(signal);
    if (ms === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${signal}`);
    return ms;
  };
  // None and all are ways to switch a threshold off.
  const meant = (text: string): [string, string][] => [...statements(text, '<')].filter(([, value]) => value !== '0%' && value !== '100%');
  return [
    ...meant(hard).map(([signal, text]) => threshold(signal, text, 0)),
    ...meant(soft).map(([signal, text]) => threshold(signal, text, softly(signal))),
  ];
}

function statements(text: string, operator: '<' | '='): Map<string, string> {
  const found = new Map<string, string>();
  for (const each of text.split(',').filter(Boolean)) {
    const [signal = '', value = ''] = each.split(operator).map((part) => part.trim());
    if (!value) throw new Error(`invalid eviction threshold syntax ${each}, expected <signal>${operator}<value>`);
    if (!signalFacts(signal)) throw new Error(`unsupported eviction signal ${signal}`);
    if (found.has(signal)) throw new Error(`duplicate eviction threshold for ${signal}`);
    found.set(signal, value);
  }
  return found;
}

function grace(text: string): number {
  const ms = parseGoDuration(text);
  if (ms < 0) throw new Error(`invalid eviction grace period specified: ${text}, must be a positive value`);
  return ms;
}

function bound(signal: string, text: string): Bound {
  const share = text.endsWith('%');
  // Upstream keeps shares in 32 bits, and what a node can give shows it.
  const amount = share ? Math.fround(Number(text.slice(0, -1)) / 100) : quantityValue(parseQuantity(text));
  if (Number.isNaN(amount) || amount < 0 || (share && amount > 1) || (!share && amount === 0))
    throw new Error(`eviction threshold ${signal} must be positive: ${text}`);
  return { amount, share };
}

/** What upstream keeps free where nobody says anything. */
export const defaultThresholds = parseThresholds({
  hard: 'imagefs.available<15%,imagefs.inodesFree<5%,memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%',
});

/** What no pod is promised of a resource, so that eviction sets in before there is none: the hard threshold of its signal. */
export function keptBack(thresholds: readonly Threshold[], signal: string, total: number): number {
  const hard = thresholds.find((each) => each.signal === signal && each.graceMs === 0);
  return hard ? quantityOf(hard, total) : 0;
}

/** What pods are bounded to together is kept free as the whole node's memory is, by its hard threshold. */
export function withAllocatable(thresholds: readonly Threshold[]): readonly Threshold[] {
  const hard = thresholds.filter(({ signal, graceMs }) => signal === 'memory.available' && graceMs === 0);
  return [...thresholds, ...hard.map((each) => ({ ...each, signal: 'allocatableMemory.available' }))];
}

/** Containers' writable layers are watched as what holds them is, whatever was said of `containerfs` itself, as upstream. */
export function withContainerfs(thresholds: readonly Threshold[], layout: DiskLayout): readonly Threshold[] {
  const holder = layout === 'images' ? 'imagefs.' : 'nodefs.';
  const named = thresholds.filter(({ signal }) => !signal.startsWith('containerfs.'));
  const copies = named.filter(({ signal }) => signal.startsWith(holder));
  return [...named, ...copies.map((each) => ({ ...each, signal: `containerfs.${each.signal.slice(holder.length)}` }))];
}

/** What must be left, in the signal's units. */
export function quantityOf({ amount, share }: Bound, total: number): number {
  return share ? Math.floor(amount * total) : amount;
}

/** What must be left, as messages have it. */
export function thresholdText(threshold: Threshold, total: number): string {
  const amount = quantityOf(threshold, total);
  const decimal = !threshold.share && isCounted(threshold.signal);
  return decimal ? canonicalQuantity(amount) : binaryText(amount);
}

export function availableText({ signal }: Threshold, { available }: Observation): string {
  return isCounted(signal) ? canonicalQuantity(available) : binaryText(available);
}

function isCounted(signal: string): boolean {
  return signal.endsWith('.inodesFree') || signal === 'pid.available';
}

/** A number of bytes as quantity. */
export function binaryText(bytes: number): string {
  return formatQuantity({ nanos: BigInt(Math.round(bytes)) * 1_000_000_000n, format: 'BinarySI' });
}

/** The thresholds that are crossed; `settled`: those not exceeded yet by as much as is to be reclaimed. */
export function crossed(thresholds: readonly Threshold[], node: NodeResources, settled: boolean): readonly Threshold[] {
  return thresholds.filter((threshold) => {
    const { available, total } = signalFacts(threshold.signal)?.observe(node) ?? { available: 0, total: 0 };
    const reclaim = settled && threshold.reclaim ? quantityOf(threshold.reclaim, total) : 0;
    return total > 0 && available < quantityOf(threshold, total) + reclaim;
  });
}

/** What is remembered from one look at the node to the next. */
export interface Watch {
  /** Since when each threshold has been crossed. */
  readonly since: ReadonlyMap<Threshold, number>;
  /** Those that had been for long enough. */
  readonly due: readonly Threshold[];
  readonly lastPressed: ReadonlyMap<keyof Pressures, number>;
}

export const calm: Watch = { since: new Map(), due: [], lastPressed: new Map() };

/** The next state of the watch. `due` are the thresholds to do something about now, memory's first. Pure. */
export function watch(before: Watch, thresholds: readonly Threshold[], node: NodeResources, now: number): Watch {
  const open = crossed(before.due, node, true);
  const all = thresholds.filter((each) => open.includes(each) || crossed([each], node, false).length > 0);
  const since = new Map(all.map((each) => [each, before.since.get(each) ?? now]));
  const pressed = all.flatMap(({ signal }) => signalFacts(signal)?.pressure ?? []);
  const due = all.filter((each) => now - (since.get(each) ?? now) >= each.graceMs);
  const rank = ({ signal }: Threshold): number => (signalFacts(signal)?.resource === 'memory' ? 0 : 1);
  return {
    since,
    due: due.sort((a, b) => rank(a) - rank(b)),
    lastPressed: new Map([...before.lastPressed, ...pressed.map((kind) => [kind, now] as const)]),
  };
}

/** A pressure stays reported for `transitionMs` after it was last felt. */
export function pressuresOf({ lastPressed }: Watch, now: number, transitionMs: number): Pressures {
  const felt = (kind: keyof Pressures): boolean => now - (lastPressed.get(kind) ?? Number.NEGATIVE_INFINITY) < transitionMs;
  return { memory: felt('memory'), disk: felt('disk'), pid: felt('pid') };
}
