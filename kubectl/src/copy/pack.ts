/// <reference path="./tar-stream.d.ts" />
import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar, { type Pack } from 'tar-stream';

/** An archive of a local file or folder, under the name `as`. */
export function packed(path: string, as: string): Readable {
  const pack = tar.pack();
  add(pack, path, as).then(
    () => pack.finalize(),
    (error: Error) => pack.destroy(error),
  );
  return pack;
}

async function add(pack: Pack, path: string, name: string): Promise<void> {
  const found = await lstat(path);
  const { mode, mtime } = found;
  if (found.isDirectory()) {
    await entry(pack, { name, mode, mtime, type: 'directory' });
    for (const child of (await readdir(path)).sort()) await add(pack, join(path, child), `${name}/${child}`);
  } else if (found.isSymbolicLink()) {
    await entry(pack, { name, mode, mtime, type: 'symlink', linkname: await readlink(path) });
  } else if (found.isFile()) {
    await addFile(pack, path, name, found);
  }
}

/** What has no contents. */
function entry(pack: Pack, headers: Parameters<Pack['entry']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    pack.entry(headers, (error) => (error ? reject(error) : resolve())).end();
  });
}

/** As many bytes as there were when the header was written: a file that grows meanwhile is cut. */
async function addFile(pack: Pack, path: string, name: string, { size, mode, mtime }: Stats): Promise<void> {
  if (size === 0) return entry(pack, { name, mode, mtime, size });
  const into = pack.entry({ name, mode, mtime, size });
  await pipeline(createReadStream(path, { end: size - 1 }), into);
}
