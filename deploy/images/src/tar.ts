/** One member of an archive. Paths are relative, without a leading slash; directories need no trailing one. */
export type TarEntry =
  | { readonly path: string; readonly type: 'file'; readonly content: Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly type: 'directory'; readonly mode?: number }
  | { readonly path: string; readonly type: 'symlink'; readonly target: string };

const block = 512;
const typeFlags = { file: '0', symlink: '2', directory: '5' };

/** A ustar archive. Owner root, time 0: equal entries give equal bytes. @throws when a path is longer than 100 bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.type === 'file' ? entry.content : new Uint8Array();
    return [header(entry, content.length), content, Buffer.alloc(padding(content.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function header(entry: TarEntry, size: number): Buffer {
  const bytes = Buffer.alloc(block);
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const octal = (value: number, at: number, width: number): number => bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at);
  if (Buffer.byteLength(path) > 100) throw new Error(`path too long for the archive: ${path}`);
  bytes.write(path, 0);
  octal(entry.type === 'symlink' ? 0o777 : (entry.mode ?? (entry.type === 'file' ? 0o644 : 0o755)), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.write(typeFlags[entry.type], 156);
  if (entry.type === 'symlink') bytes.write(entry.target, 157, 100);
  bytes.write('ustar\x0000', 257);
  bytes.write(`${checksum(bytes).toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** The sum of a header's bytes, its own field counted as spaces. */
function checksum(bytes: Buffer): number {
  return bytes.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

export interface TarMember {
  readonly path: string;
  readonly size: number;
  /** Only for the paths asked for. */
  readonly content?: Buffer;
}

/** The members of an archive as it streams by, keeping the content of `wanted` paths only. @throws when it is no whole tar archive. */
export async function* readTar(chunks: AsyncIterable<Buffer>, wanted: (path: string) => boolean): AsyncGenerator<TarMember> {
  const reader = new Reader(chunks);
  for (;;) {
    const bytes = await reader.take(block);
    if (bytes.every((byte) => byte === 0)) return;
    const octal = (at: number, width: number): number =>
      Number.parseInt(bytes.toString('latin1', at, at + width).replace(/[\0 ]+/g, ''), 8);
    const size = octal(124, 12);
    if (octal(148, 8) !== checksum(bytes) || Number.isNaN(size)) throw new Error('not a tar archive');
    const path = bytes.toString('utf8', 0, 100).replace(/\0.*$/s, '').replace(/^\.\//, '');
    const content = wanted(path) ? await reader.take(size) : await reader.skip(size);
    await reader.skip(padding(size));
    yield content ? { path, size, content } : { path, size };
  }
}

class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    await this.#consume(size, (part) => parts.push(part));
    return Buffer.concat(parts);
  }

  skip(size: number): Promise<undefined> {
    return this.#consume(size, () => undefined);
  }

  async #consume(size: number, use: (part: Buffer) => void): Promise<undefined> {
    for (let left = size; left > 0; ) {
      if (this.#rest.length === 0) await this.#refill();
      const part = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(part.length);
      left -= part.length;
      use(part);
    }
  }

  async #refill(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new Error('not a tar archive, or cut short');
    this.#rest = value;
  }
}
