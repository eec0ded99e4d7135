import type { Node } from '@keelson/types';

/** Which images lie on how many nodes. */
export class Images {
  /** Rises whenever what is known changes: scores made before are stale. */
  version = 0;
  readonly #holders = new Map<string, { readonly nodes: Set<string>; bytes: number }>();

  /** A node's images went from those of `before` to those of `after`. */
  change(before: Node | undefined, after: Node | undefined): void {
    const old = imagesOf(before);
    const now = imagesOf(after);
    if ((before === undefined) !== (after === undefined)) this.version++;
    if (JSON.stringify(before?.status?.images) === JSON.stringify(after?.status?.images)) return;
    this.version++;
    for (const [image] of old) this.#holders.get(image)?.nodes.delete(before?.metadata.name ?? '');
    for (const [image, bytes] of now) {
      const holder = this.#holders.get(image) ?? { nodes: new Set(), bytes };
      holder.nodes.add(after?.metadata.name ?? '');
      holder.bytes = bytes;
      this.#holders.set(image, holder);
    }
    for (const [image] of old) if (this.#holders.get(image)?.nodes.size === 0) this.#holders.delete(image);
  }

  /** The image's size and the names of the nodes that hold it. */
  holders(image: string): { readonly nodes: ReadonlySet<string>; readonly bytes: number } | undefined {
    return this.#holders.get(image);
  }
}

function imagesOf(node: Node | undefined): [string, number][] {
  return (node?.status?.images ?? []).flatMap(({ names, sizeBytes }) =>
    (names ?? []).map((name): [string, number] => [name, Number(sizeBytes ?? 0)]),
  );
}
