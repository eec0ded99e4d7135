import { commentOf } from './base.ts';
import type { Chain, Container } from './types.ts';

export const table = 'ip kube-proxy';

/** Changes that the kernel makes together. They can be said in any order; the text has them in the order in which they need each other. */
export class Transaction {
  #beginning: string[] = [];
  #chains: string[] = [];
  #containers: string[] = [];
  #rules: string[] = [];
  readonly #removed = new Map<string, string[]>();
  readonly #added = new Map<string, string[]>();

  /** Number of commands but for those about elements. */
  get size(): number {
    return this.#beginning.length + this.#chains.length + this.#containers.length + this.#rules.length;
  }

  /** Makes the table; empty, if `anew`. */
  begin(anew: boolean): void {
    const add = `add table ${table} { comment "rules for kube-proxy" ; }`;
    this.#beginning.push(...(anew ? [add, `delete table ${table}`, add] : [add]));
  }

  /** A chain with exactly these rules; `remake` where what is there has another hook. */
  writeChain(name: string, { hook, rules }: Chain, remake = false): void {
    if (remake) this.dropChain(name);
    const comment = commentOf(name);
    const head = [...(hook ? [hook] : []), ...(comment ? [`comment "${comment}" ;`] : [])];
    this.#chains.push(`add chain ${table} ${name}${head.length > 0 ? ` { ${head.join(' ')} }` : ''}`);
    this.emptyChain(name);
    for (const rule of rules) this.#rules.push(`add rule ${table} ${name} ${rule}`);
  }

  emptyChain(name: string): void {
    this.#chains.push(`flush chain ${table} ${name}`);
  }

  dropChain(name: string): void {
    this.#chains.push(`flush chain ${table} ${name}`, `delete chain ${table} ${name}`);
  }

  /** A set or map, without its elements. */
  writeContainer(name: string, { kind, type, timeout }: Omit<Container, 'elements'>): void {
    const comment = commentOf(name);
    const life = timeout === undefined ? '' : ` flags dynamic,timeout ; timeout ${timeout}s ;`;
    this.#containers.push(`add ${kind} ${table} ${name} { type ${type} ;${life}${comment ? ` comment "${comment}" ;` : ''} }`);
  }

  dropContainer(name: string, kind: Container['kind']): void {
    this.#containers.push(`delete ${kind} ${table} ${name}`);
  }

  /** `id`: `CONTAINER KEY`. */
  addElement(id: string, tail: string): void {
    const [container, key] = splitId(id);
    append(this.#added, container, `${key}${tail}`);
  }

  removeElement(id: string): void {
    const [container, key] = splitId(id);
    append(this.#removed, container, key);
  }

  /** The script for `nft -f`; empty when nothing is to be done. */
  text(): string {
    const elements = (verb: string, all: ReadonlyMap<string, readonly string[]>): string[] =>
      [...all].map(([container, keys]) => `${verb} element ${table} ${container} { ${keys.join(', ')} }`);
    const removed = elements('delete', this.#removed);
    const lines = [...this.#beginning, ...removed, ...this.#chains, ...this.#containers, ...this.#rules, ...elements('add', this.#added)];
    return lines.map((line) => `${line}\n`).join('');
  }
}

function splitId(id: string): [container: string, key: string] {
  const space = id.indexOf(' ');
  return [id.slice(0, space), id.slice(space + 1)];
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
