/// <reference path="./tar-stream.d.ts" />
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar, { type Extract, type Headers } from 'tar-stream';

export interface UnpackOptions {
  /** What the names in the archive begin with; it is left out of the names here. */
  readonly prefix: string;
  readonly destination: string;
  warn(message: string): void;
  /** What is said of a symbolic link, which is not made: it could lead anywhere. */
  onLink(path: string, target: string): void;
}

/** Takes archives written to it apart into files. It fails for a name that does not begin as all should. */
export function unpacker(options: UnpackOptions): Extract {
  const extract = tar.extract();
  extract.on('entry', (headers: Headers, stream: Readable, next: (error?: unknown) => void) => {
    write(headers, stream, options).then(
      () => next(),
      (error: unknown) => next(error),
    );
  });
  return extract;
}

async function write(headers: Headers, stream: Readable, options: UnpackOptions): Promise<void> {
  const { name, type, linkname } = headers;
  if (!name.startsWith(options.prefix)) throw new Error('tar contents corrupted');
  const path = join(options.destination, name.slice(options.prefix.length));
  if (relative(options.destination, path).startsWith('..')) {
    options.warn(`warning: file ${JSON.stringify(path)} is outside target destination, skipping`);
  } else if (type === 'directory') {
    await mkdir(path, { recursive: true });
  } else if (type === 'symlink' || type === 'link') {
    options.onLink(path, linkname ?? '');
  } else if (type === 'file') {
    await mkdir(dirname(path), { recursive: true });
    const file = await openNew(path);
    return pipeline(stream, file.createWriteStream());
  }
  stream.resume();
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') throw new Error(`open ${path}: is a directory`);
    throw error;
  }
}
