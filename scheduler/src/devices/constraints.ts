import type { Device, DeviceAttribute, DeviceConstraint } from '@keelson/types';

/** What holds among the devices of one claim. Devices are added and taken back in the order of a stack. */
export class Constraint {
  readonly #attribute: string;
  readonly #requests: ReadonlySet<string>;
  readonly #distinct: boolean;
  readonly #values: string[] = [];

  constructor({ matchAttribute, distinctAttribute, requests = [] }: DeviceConstraint) {
    this.#attribute = matchAttribute ?? distinctAttribute ?? '';
    this.#distinct = matchAttribute === undefined;
    this.#requests = new Set(requests);
  }

  /** Whether it is about a request, by the names this goes by: `request`, and `request/alternative`. */
  concerns(names: readonly string[]): boolean {
    return this.#requests.size === 0 || names.some((name) => this.#requests.has(name));
  }

  /** False, and nothing is added, when the device does not do beside the others. */
  add(device: Device, driver: string): boolean {
    const value = attributeText(device, driver, this.#attribute);
    if (value === undefined) return false;
    const fits = this.#distinct ? !this.#values.includes(value) : this.#values.length === 0 || this.#values[0] === value;
    if (fits) this.#values.push(value);
    return fits;
  }

  takeBack(): void {
    this.#values.pop();
  }
}

/** An attribute's value as text that differs by type too. One of the driver's own may be named without its domain. */
function attributeText({ attributes = {} }: Device, driver: string, name: string): string | undefined {
  const slash = name.indexOf('/');
  const own = slash >= 0 && name.slice(0, slash) === driver ? attributes[name.slice(slash + 1)] : undefined;
  const found: DeviceAttribute | undefined = attributes[name] ?? own;
  if (!found) return undefined;
  const { string, int, bool, version } = found;
  return JSON.stringify([string ?? null, int ?? null, bool ?? null, version ?? null]);
}
