import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '@keelson/base';
import { exists, writeArchive } from './build.ts';
import { type Image, imageArchive } from './oci.ts';
import type { TarEntry } from './tar.ts';

const run = promisify(execFile);

/** A program of ours that runs in a container. */
export interface Program {
  /** The image's full name: `docker.io/keelson/dns:v1.36.0`. */
  readonly ref: string;
  /** Path of the bundle: one file of JavaScript that imports nothing but Node's own modules. */
  readonly bundle: string;
}

/** A file on this machine and where it lies in an image, without a leading slash. */
export interface ImageFile {
  readonly path: string;
  readonly content: Buffer;
}

const nodePath = 'usr/local/bin/node';
const programPath = 'program/main.mjs';

/**
 * The image of a bundled program: the files Node needs (`runtime`, itself at `usr/local/bin/node`) as the bottom layer, which all
 * programs share, and the program as the second. A container's `args` are the program's flags.
 */
export function programImage(ref: string, runtime: readonly ImageFile[], program: Buffer): Image {
  return {
    refs: [ref],
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    layers: [
      runtimeLayer(runtime),
      [
        { path: dirname(programPath), type: 'directory' },
        { path: programPath, type: 'file', content: program },
      ],
    ],
    config: {
      Entrypoint: [`/${nodePath}`, `/${programPath}`],
      Env: ['PATH=/usr/local/bin', 'NODE_ENV=production'],
      WorkingDir: '/',
    },
  };
}

/** Sorted, each folder before what lies in it: the same files give the same bytes. */
function runtimeLayer(files: readonly ImageFile[]): TarEntry[] {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const folders = new Set(sorted.flatMap(({ path }) => ancestors(path)));
  return [
    ...[...folders, 'dev', 'etc', 'proc', 'sys'].sort().map((path): TarEntry => ({ path, type: 'directory' })),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'etc/passwd', type: 'file', content: Buffer.from('root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n') },
    { path: 'etc/nsswitch.conf', type: 'file', content: Buffer.from('hosts: files dns\n') },
    ...sorted.map(({ path, content }): TarEntry => ({ path, type: 'file', content, mode: 0o755 })),
  ];
}

function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/**
 * Writes the image of a program into `dir`, made if missing, as an archive that `importImages` takes, and returns its path. Its name is
 * made of what goes in, so that it is built once for all clusters. @throws when a library of Node's cannot be found.
 */
export async function buildProgramImage({ ref, bundle }: Program, dir: string, log: Logger): Promise<string> {
  const [node, program] = [process.execPath, await readFile(bundle)];
  const libraries = await librariesOf(node);
  const path = join(dir, `${basename(ref).replace(':', '-')}-${await keyOf(ref, [node, ...libraries], program)}.tar`);
  if (await exists(path)) return path;
  const files = [{ path: nodePath, file: node }, ...libraries.map((file) => ({ path: file.slice(1), file }))];
  const runtime = await Promise.all(files.map(async ({ path, file }) => ({ path, content: await readFile(file) })));
  const { archive, digest } = imageArchive(programImage(ref, runtime, program));
  await mkdir(dir, { recursive: true });
  await writeArchive(path, archive);
  await removeOld(path);
  log.info('built image', { image: ref, digest });
  return path;
}

const dayMs = 86_400_000;

/** Archives of the same program that are older by a day: until then some cluster may still be about to load one. */
async function removeOld(path: string): Promise<void> {
  const [dir, ours] = [dirname(path), basename(path).replace(/[^-]*$/, '')];
  const { mtimeMs } = await stat(path);
  for (const name of await readdir(dir)) {
    const other = join(dir, name);
    if (name.startsWith(ours) && mtimeMs - (await stat(other)).mtimeMs > dayMs) await rm(other, { force: true });
  }
}

/** Raised when the way images are laid out changes. */
const layout = 1;

/** Of the files that rarely change, the times and sizes stand for their hundred megabytes. */
async function keyOf(ref: string, runtime: readonly string[], program: Buffer): Promise<string> {
  const hash = createHash('sha256').update(`${layout} ${ref}\n`);
  for (const file of runtime) {
    const { mtimeMs, size } = await stat(file);
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.update(program).digest('hex').slice(0, 12);
}

/** The shared libraries and the loader that a program needs, by absolute path. @throws when one of them is missing. */
export async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]).catch((error: { stdout?: string }) => {
    if (error.stdout?.includes('not a dynamic executable')) return { stdout: '' };
    throw new Error(`cannot build images: ldd ${program} failed; it comes with the C library's package (libc-bin)`);
  });
  return parseLdd(stdout);
}

/** Reads `name => /path (0x…)` and `/loader (0x…)` lines. @throws when a library was not found. */
export function parseLdd(text: string): string[] {
  const missing = /^\s*(\S+) => not found/m.exec(text)?.[1];
  if (missing) throw new Error(`cannot build images: Node needs the library ${missing}, which this machine lacks`);
  return [...text.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path);
}
