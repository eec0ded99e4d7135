import { formatIp, type IpRange, parseCidr } from '@keelson/machinery';

/** One range cut into equal parts, each for a node. */
export class CidrPool {
  readonly #range: IpRange;
  readonly #mask: number;
  readonly #taken = new Set<bigint>();
  #next = 0n;

  /** @throws when `cidr` is no range, or `mask` is no prefix within it. */
  constructor(cidr: string, mask: number) {
    const range = parseCidr(cidr);
    if (!range) throw new Error(`--cluster-cidr: ${JSON.stringify(cidr)} is no CIDR`);
    if (mask < range.prefix || mask > this.#width(range)) throw new Error(`--node-cidr-mask-size: ${mask} does not fit into ${cidr}`);
    this.#range = range;
    this.#mask = mask;
  }

  get version(): 4 | 6 {
    return this.#range.address.version;
  }

  #width({ address }: IpRange): number {
    return address.version === 4 ? 32 : 128;
  }

  get #size(): bigint {
    return 1n << BigInt(this.#width(this.#range) - this.#mask);
  }

  get #count(): bigint {
    return 1n << BigInt(this.#mask - this.#range.prefix);
  }

  /** The next free part, going round; undefined when all are taken. */
  allocate(): string | undefined {
    for (let tried = 0n; tried < this.#count; tried++) {
      const index = (this.#next + tried) % this.#count;
      if (this.#taken.has(index)) continue;
      this.#taken.add(index);
      this.#next = index + 1n;
      return `${formatIp({ version: this.version, value: this.#range.first + index * this.#size })}/${this.#mask}`;
    }
    return undefined;
  }

  /** Marks what a node has. Ranges outside the pool are none of its business. */
  occupy(cidr: string): void {
    for (const index of this.#indexesOf(cidr)) this.#taken.add(index);
  }

  release(cidr: string): void {
    for (const index of this.#indexesOf(cidr)) this.#taken.delete(index);
  }

  #indexesOf(cidr: string): bigint[] {
    const range = parseCidr(cidr);
    const { first, last } = this.#range;
    if (!range || range.address.version !== this.version || range.last < first || range.first > last) return [];
    const from = range.first < first ? 0n : (range.first - first) / this.#size;
    const to = range.last > last ? this.#count - 1n : (range.last - first) / this.#size;
    return Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
  }
}
