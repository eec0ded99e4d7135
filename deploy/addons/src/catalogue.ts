import { join } from 'node:path';

/** A part of a cluster that runs in it as pods: an image and the objects that start it. */
export interface Addon {
  /** What `--addons` calls it; its folder here, and its bundle's name. */
  readonly name: string;
  /** The full name of its image, as its manifests name it. */
  readonly image: string;
  /** Path of its YAML documents. */
  readonly manifests: string;
}

/** The list of addons, in the order in which they are applied. A new one: a folder with `src/main.ts`, and a line here. */
export const addons: readonly Addon[] = [addon('dns'), addon('metrics-server')];

function addon(name: string): Addon {
  return { name, image: `docker.io/keelson/${name}:v1.36.0`, manifests: join(import.meta.dirname, '..', name, 'manifests.yaml') };
}

/** The addons of these names, in the list's order. @throws naming the first that is none. */
export function addonsNamed(names: readonly string[]): readonly Addon[] {
  const known = addons.map(({ name }) => name);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`unknown addon "${wrong}": there are ${known.join(', ')}`);
  return addons.filter(({ name }) => names.includes(name));
}
