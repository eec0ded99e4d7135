import type { CacheEntry } from './entry.ts';
import { SortedEntries } from './sorted-entries.ts';

/** One value an attribute must have: `label app` = `web`, `field spec.nodeName` = `n1`. */
export interface Pin {
  readonly attribute: string;
  readonly value: string;
}

/** Label keys that are indexed at most, so that odd selectors cannot make memory grow. */
const labelLimit = 8;
const label = 'label ';
const field = 'field ';

export const labelPin = (key: string, value: string): Pin => ({ attribute: label + key, value });
export const fieldPin = (name: string, value: string): Pin => ({ attribute: field + name, value });

/**
 * The entries of one kind by the value of an attribute, so that a list costs what it answers. Fields are indexed from the start; a
 * label when somebody selects by it for the first time.
 */
export class Indexes {
  readonly #byAttribute = new Map<string, Map<string, SortedEntries>>();
  readonly #all: SortedEntries;
  #labels = 0;

  constructor(all: SortedEntries, fields: readonly string[]) {
    this.#all = all;
    for (const name of fields) this.#byAttribute.set(field + name, new Map());
  }

  changed(previous: CacheEntry | undefined, entry: CacheEntry | undefined): void {
    for (const [attribute, byValue] of this.#byAttribute) {
      const [before, after] = [attributeValue(previous, attribute), attributeValue(entry, attribute)];
      if (previous && before !== undefined && before !== after) take(byValue, before, previous.key);
      if (entry && after !== undefined) put(byValue, after, entry);
    }
  }

  /** The entries that have a pinned value: the best of `pins` that is indexed or can be. Undefined when none can. */
  find(pins: readonly Pin[]): SortedEntries | undefined {
    const known = pins.find(({ attribute }) => this.#byAttribute.has(attribute));
    const pin = known ?? pins.find(({ attribute }) => attribute.startsWith(label));
    if (!pin || (!known && this.#labels === labelLimit)) return undefined;
    const byValue = this.#byAttribute.get(pin.attribute) ?? this.#build(pin.attribute);
    return byValue.get(pin.value) ?? empty;
  }

  #build(attribute: string): Map<string, SortedEntries> {
    const byValue = new Map<string, SortedEntries>();
    this.#all.each('', (entry) => {
      const value = attributeValue(entry, attribute);
      if (value !== undefined) put(byValue, value, entry);
      return true;
    });
    this.#byAttribute.set(attribute, byValue);
    this.#labels++;
    return byValue;
  }
}

const empty = new SortedEntries();

/** A label an object does not have is no value; a field it does not have is an empty one. */
function attributeValue(entry: CacheEntry | undefined, attribute: string): string | undefined {
  if (!entry) return undefined;
  const name = attribute.slice(label.length);
  if (attribute.startsWith(field)) return entry.fields[name] ?? '';
  return Object.hasOwn(entry.labels, name) ? entry.labels[name] : undefined;
}

function put(byValue: Map<string, SortedEntries>, value: string, entry: CacheEntry): void {
  const entries = byValue.get(value) ?? new SortedEntries();
  entries.set(entry);
  byValue.set(value, entries);
}

function take(byValue: Map<string, SortedEntries>, value: string, key: string): void {
  const entries = byValue.get(value);
  entries?.delete(key);
  if (entries?.isEmpty) byValue.delete(value);
}
