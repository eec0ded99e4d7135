/** A column of numbers by node row that grows with the table. */
export class Column {
  values: Float64Array;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  grow(capacity: number): void {
    const values = new Float64Array(capacity);
    values.set(this.values);
    this.values = values;
  }
}

/** A column of small numbers (ids, counts) by node row. */
export class IdColumn {
  values: Int32Array;

  constructor(capacity: number) {
    this.values = new Int32Array(capacity);
  }

  grow(capacity: number): void {
    const values = new Int32Array(capacity);
    values.set(this.values);
    this.values = values;
  }
}

/** Numbers for texts, densely from 0. */
export class Interner {
  readonly #ids = new Map<string, number>();

  get size(): number {
    return this.#ids.size;
  }

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(text, id);
    return id;
  }
}
