import type { Node, Taint } from '@keelson/types';
import { Column, IdColumn, Interner } from './columns.ts';
import { Images } from './images.ts';
import { PodIndex } from './pod-index.ts';
import type { PodInfo } from './pod-info.ts';
import { readAmounts } from './resources.ts';

/** Values of one topology label: which domain each row is in, -1 for none. */
export interface Domains {
  readonly of: IdColumn;
  readonly values: Interner;
}

/** Followers further behind than this start over. */
const journalLength = 65_536;

/**
 * Nodes and the pods on them as columns: a filter or score is a loop over some of them. A row is a node; rows of deleted nodes are used
 * again. Every change of a row is put in a journal, so that whoever keeps something per row can follow by looking at those rows alone.
 */
export class NodeTable {
  capacity = 64;
  readonly allocatable = { cpu: new Column(64), memory: new Column(64), ephemeral: new Column(64), pods: new Column(64) };
  readonly requested = { cpu: new Column(64), memory: new Column(64), ephemeral: new Column(64), pods: new Column(64) };
  /** Requests with defaults for what containers leave unstated. */
  readonly nonzero = { cpu: new Column(64), memory: new Column(64) };
  readonly scalars = new Map<string, { readonly allocatable: Column; readonly requested: Column }>();
  readonly unschedulable = new IdColumn(64);
  /** Equal lists of taints share an id, an index of `taintSets`. */
  readonly taints = new IdColumn(64);
  readonly taintSets: (readonly Taint[])[] = [];
  readonly nodes: (Node | undefined)[] = [];
  readonly pods: Map<string, PodInfo>[] = [];
  readonly images = new Images();
  readonly index: PodIndex;
  /** Rows in the order in which they changed, since the journal's `epoch` began. */
  readonly journal: number[] = [];
  epoch = 0;
  readonly #rowOf = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #priorities = new Map<number, number>();
  readonly #taintIds = new Interner();
  readonly #domains = new Map<string, Domains>();
  #rows: Int32Array | undefined;

  constructor(namespaceLabels: (name: string) => Readonly<Record<string, string>> = () => ({})) {
    this.index = new PodIndex(this, namespaceLabels);
  }

  /** Nodes there are. */
  get count(): number {
    return this.#rowOf.size;
  }

  /** Rows of all nodes, ascending. */
  get rows(): Int32Array {
    this.#rows ??= Int32Array.from(this.#rowOf.values()).sort();
    return this.#rows;
  }

  /** The least priority of all pods on nodes; infinite when there are none. */
  get lowestPriority(): number {
    return Math.min(...this.#priorities.keys());
  }

  rowOf(name: string): number | undefined {
    return this.#rowOf.get(name);
  }

  nameOf(row: number): string {
    return this.nodes[row]?.metadata.name ?? '';
  }

  setNode(node: Node): void {
    const name = node.metadata.name ?? '';
    const row = this.#rowOf.get(name) ?? this.#newRow(name);
    const before = this.nodes[row];
    this.nodes[row] = node;
    this.#setAllocatable(row, node);
    this.unschedulable.values[row] = node.spec?.unschedulable ? 1 : 0;
    this.taints.values[row] = this.#taintSet(node.spec?.taints ?? []);
    for (const [key, domains] of this.#domains) setDomain(domains, key, row, node);
    this.images.change(before, node);
    this.#note(row);
  }

  /** The node's pods must have been taken out before, or go with it. */
  removeNode(name: string): void {
    const row = this.#rowOf.get(name);
    if (row === undefined) return;
    for (const info of [...(this.pods[row]?.values() ?? [])]) this.removePod(info, name);
    this.images.change(this.nodes[row], undefined);
    this.nodes[row] = undefined;
    for (const domains of this.#domains.values()) domains.of.values[row] = -1;
    this.#rowOf.delete(name);
    this.#free.push(row);
    this.#rows = undefined;
    this.#note(row);
  }

  addPod(info: PodInfo, node: string): void {
    this.#count(info, node, 1);
  }

  removePod(info: PodInfo, node: string): void {
    this.#count(info, node, -1);
  }

  /** The domains of a topology label; followed from the first time somebody asks. */
  domains(key: string): Domains {
    const known = this.#domains.get(key);
    if (known) return known;
    const domains = { of: new IdColumn(this.capacity), values: new Interner() };
    domains.of.values.fill(-1);
    for (const row of this.rows) setDomain(domains, key, row, this.nodes[row]);
    this.#domains.set(key, domains);
    return domains;
  }

  scalar(name: string): { readonly allocatable: Column; readonly requested: Column } {
    const known = this.scalars.get(name);
    if (known) return known;
    const columns = { allocatable: new Column(this.capacity), requested: new Column(this.capacity) };
    this.scalars.set(name, columns);
    return columns;
  }

  #count(info: PodInfo, node: string, sign: 1 | -1): void {
    const row = this.#rowOf.get(node);
    const pods = row === undefined ? undefined : this.pods[row];
    if (row === undefined || !pods) return;
    const { amounts, nonzero } = info.requests;
    bump(this.requested.cpu, row, sign * amounts.cpu);
    bump(this.requested.memory, row, sign * amounts.memory);
    bump(this.requested.ephemeral, row, sign * amounts.ephemeral);
    bump(this.requested.pods, row, sign);
    bump(this.nonzero.cpu, row, sign * nonzero.cpu);
    bump(this.nonzero.memory, row, sign * nonzero.memory);
    for (const [name, amount] of amounts.scalars) bump(this.scalar(name).requested, row, sign * amount);
    if (sign > 0) pods.set(info.key, info);
    else pods.delete(info.key);
    const alike = (this.#priorities.get(info.priority) ?? 0) + sign;
    if (alike > 0) this.#priorities.set(info.priority, alike);
    else this.#priorities.delete(info.priority);
    this.index.count(info, row, sign);
    this.#note(row);
  }

  #note(row: number): void {
    if (this.journal.length >= journalLength) {
      this.journal.length = 0;
      this.epoch++;
    }
    this.journal.push(row);
  }

  #newRow(name: string): number {
    const row = this.#free.pop() ?? this.nodes.length;
    if (row >= this.capacity) this.#grow();
    this.#rowOf.set(name, row);
    this.pods[row] = new Map();
    this.#rows = undefined;
    return row;
  }

  #grow(): void {
    this.capacity *= 2;
    const groups = [this.allocatable, this.requested, this.nonzero, ...this.scalars.values()];
    for (const column of groups.flatMap((group): Column[] => Object.values(group))) column.grow(this.capacity);
    for (const column of [this.unschedulable, this.taints, ...[...this.#domains.values()].map(({ of }) => of)]) column.grow(this.capacity);
    this.index.grow(this.capacity);
  }

  #setAllocatable(row: number, node: Node): void {
    const amounts = readAmounts(node.status?.allocatable);
    for (const { allocatable } of this.scalars.values()) allocatable.values[row] = 0;
    for (const name of ['cpu', 'memory', 'pods'] as const) this.allocatable[name].values[row] = amounts.get(name) ?? 0;
    this.allocatable.ephemeral.values[row] = amounts.get('ephemeral-storage') ?? 0;
    for (const [name, amount] of amounts) {
      if (name === 'cpu' || name === 'memory' || name === 'pods' || name === 'ephemeral-storage') continue;
      this.scalar(name).allocatable.values[row] = amount;
    }
  }

  #taintSet(taints: readonly Taint[]): number {
    const known = this.#taintIds.size;
    const id = this.#taintIds.id(JSON.stringify(taints.map(({ key, value, effect }) => [key, value ?? '', effect])));
    if (id === known) this.taintSets.push(taints);
    return id;
  }
}

function bump(column: Column, row: number, by: number): void {
  column.values[row] = (column.values[row] ?? 0) + by;
}

function setDomain({ of, values }: Domains, key: string, row: number, node: Node | undefined): void {
  const value = node?.metadata.labels?.[key];
  of.values[row] = value === undefined ? -1 : values.id(value);
}
