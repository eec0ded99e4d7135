import type { ApiResource } from './discovery.ts';

/** Finds resources by the names people and manifests give them. */
export class Mapper {
  readonly resources: readonly ApiResource[];
  readonly #warn: (text: string) => void;
  readonly #warned = new Set<string>();

  /** @param warn hears of short names that could mean something else, too. */
  constructor(resources: readonly ApiResource[], warn: (text: string) => void = () => undefined) {
    this.resources = resources;
    this.#warn = warn;
  }

  /**
   * The resource of an argument: plural, singular or short name or kind, alone or with its group (`deployments.apps`) or its version and
   * group (`deployments.v1.apps`). The first in the server's order wins.
   * @throws Error `the server doesn't have a resource type "x"`.
   */
  resolve(argument: string): ApiResource {
    const found = this.find(argument);
    if (!found) throw new Error(`the server doesn't have a resource type ${JSON.stringify(argument.split('.')[0])}`);
    return found;
  }

  find(argument: string): ApiResource | undefined {
    const [name = '', ...rest] = argument.split('.');
    const [version, ...group] = rest;
    const exact = rest.length > 1 ? this.#match(name, (each) => each.version === version && each.group === group.join('.')) : undefined;
    if (exact) return exact;
    if (rest.length > 0) return this.#match(name, (each) => each.group === rest.join('.')) ?? this.#prefixed(name, rest.join('.'));
    return this.#match(name, () => true);
  }

  /** The resource types of an argument: itself, or all of a category such as `all`. @throws as `resolve`. */
  expand(argument: string): ApiResource[] {
    const found = this.find(argument);
    if (found) return [found];
    const members = this.resources.filter(({ categories, preferred }) => preferred && categories.includes(argument));
    return members.length > 0 ? members : [this.resolve(argument)];
  }

  /** The resource that serves a manifest's kind; undefined when none does. */
  ofKind(apiVersion: string, kind: string): ApiResource | undefined {
    return this.resources.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  }

  /** As `ofKind`, for any version of the group, the preferred one first. */
  ofGroupKind(group: string, kind: string): ApiResource | undefined {
    return this.resources.find((each) => each.group === group && each.kind === kind);
  }

  #match(name: string, accepts: (resource: ApiResource) => boolean): ApiResource | undefined {
    const lower = name.toLowerCase();
    const all = this.resources.filter(accepts);
    return (
      all.find((each) => each.resource === lower) ??
      all.find((each) => each.singular === lower) ??
      this.#byShortName(lower, all) ??
      all.find((each) => each.kind.toLowerCase() === lower)
    );
  }

  /** The first that has the short name; of the others it is told. */
  #byShortName(name: string, all: readonly ApiResource[]): ApiResource | undefined {
    const [first, ...others] = all.filter((each) => each.shortNames.includes(name));
    for (const other of others) {
      const text = resourceText(other);
      if (!first || text === resourceText(first) || this.#warned.has(`${name} ${text}`)) continue;
      this.#warned.add(`${name} ${text}`);
      this.#warn(`short name ${JSON.stringify(name)} could also match lower priority resource ${text}`);
    }
    return first;
  }

  /** `deploy.app`: upstream takes the beginning of a group's name for the group. */
  #prefixed(name: string, group: string): ApiResource | undefined {
    return this.#match(name, (each) => each.group.startsWith(group));
  }
}

/** `deployment.apps`, `pod`: how messages name the type of an object. */
export function kindText({ kind, group }: { readonly kind: string; readonly group: string }): string {
  return group === '' ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
}

/** `deployments.apps`, `pods`. */
export function resourceText({ resource, group }: { readonly resource: string; readonly group: string }): string {
  return group === '' ? resource : `${resource}.${group}`;
}
