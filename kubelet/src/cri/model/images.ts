import { seededRandom } from '@keelson/base';
import type { Image, ImageFilesystem, Images, RegistryAuth, SandboxConfig } from '../types.ts';
import { RuntimeError } from '../types.ts';
import type { World } from './world.ts';

const imageBytes = 10 << 20;
const filesPerImage = 100;

export class ModelImages implements Images {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    for (const name of world.options.images ?? []) add(world, name);
  }

  async status(image: string): Promise<Image | undefined> {
    this.#world.enter('ImageStatus');
    return present(this.#world, image);
  }

  async pull(image: string, _auth: RegistryAuth | undefined, _sandbox: SandboxConfig): Promise<string> {
    const world = this.#world;
    world.enter('PullImage');
    const outcome = world.options.registry?.(image) ?? { ms: 0 };
    await world.wait(outcome.ms);
    if (outcome.error !== undefined) throw new RuntimeError('Unknown', outcome.error);
    return add(world, image).id;
  }

  async list(): Promise<readonly Image[]> {
    this.#world.enter('ListImages');
    return [...this.#world.images.values()];
  }

  async remove(image: string): Promise<void> {
    this.#world.enter('RemoveImage');
    const found = find(this.#world, image);
    for (const tag of found?.tags ?? []) this.#world.images.delete(tag);
  }

  async filesystem(): Promise<ImageFilesystem> {
    this.#world.enter('ImageFsInfo');
    const { size } = this.#world.images;
    return { mountpoint: '/var/lib/model', usedBytes: size * imageBytes, inodesUsed: size * filesPerImage, containers: undefined };
  }
}

/** The image of that name or id, if the node has it; a node with no list of images has each it is asked for. */
export function present(world: World, image: string): Image | undefined {
  return find(world, image) ?? (world.options.images === undefined ? add(world, image) : undefined);
}

function find(world: World, image: string): Image | undefined {
  return world.images.get(image) ?? (image.startsWith('sha256:') ? world.images.values().find(({ id }) => id === image) : undefined);
}

function add(world: World, name: string): Image {
  const known = world.images.get(name);
  if (known) return known;
  const id = imageId(name);
  const repository = name.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const image: Image = {
    id,
    tags: [name],
    digests: [`${repository}@${id}`],
    sizeBytes: imageBytes,
    uid: undefined,
    username: '',
    pinned: false,
  };
  world.images.set(name, image);
  return image;
}

/** The same for the same name, in every run. */
function imageId(name: string): string {
  const seed = [...name].reduce((hash, character) => Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193), 0x811c9dc5);
  const random = seededRandom(seed);
  return `sha256:${`${random.uuid()}${random.uuid()}`.replaceAll('-', '')}`;
}
