import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '@keelson/base';
import { catalogue, type Sources } from './catalogue.ts';
import { type Image, imageArchive } from './oci.ts';

const run = promisify(execFile);

/**
 * Writes an archive for each image of the catalogue into `dir`, made if missing, and returns their paths. An archive's name carries
 * its digest: what is there already is not written again. @throws naming the package to install when a program is missing.
 */
export async function buildImages(dir: string, log: Logger): Promise<string[]> {
  const images = await broughtImages();
  await mkdir(dir, { recursive: true });
  return Promise.all(
    images.map(async (image) => {
      const { archive, digest } = imageArchive(image);
      const name = (image.refs[0] ?? '').split('/').at(-1)?.replace(':', '-');
      const path = join(dir, `${name}-${digest.slice(7, 19)}.tar`);
      if (await exists(path)) return path;
      await writeArchive(path, archive);
      log.info('built image', { image: image.refs[0], digest });
      return path;
    }),
  );
}

/** The images of the catalogue, made of this machine's programs. @throws naming the package to install when one is missing. */
export async function broughtImages(): Promise<Image[]> {
  return catalogue(await readSources());
}

async function readSources(): Promise<Sources> {
  const [catatonit, busybox] = await Promise.all([
    readProgram('/usr/bin/catatonit', 'catatonit'),
    readProgram('/bin/busybox', 'busybox-static'),
  ]);
  const { stdout } = await run('/bin/busybox', ['--list']);
  const applets = stdout
    .trim()
    .split('\n')
    .map((path) => basename(path));
  return { architecture: process.arch === 'x64' ? 'amd64' : process.arch, catatonit, busybox, applets };
}

/** A program that needs no library at run time, for there is none in the image. */
async function readProgram(path: string, debianPackage: string): Promise<Buffer> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) throw new Error(`cannot build images: ${path} is missing; install the package ${debianPackage}`);
  if (needsInterpreter(bytes)) throw new Error(`cannot build images: ${path} is not static; install the package ${debianPackage}`);
  return bytes;
}

/** Whether a 64-bit little-endian ELF file has a PT_INTERP program header. */
export function needsInterpreter(elf: Buffer): boolean {
  if (elf.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new Error('not a 64-bit ELF program');
  const start = Number(elf.readBigUInt64LE(32));
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, at) => elf.readUInt32LE(start + at * size)).includes(3);
}

/** Written aside first: an archive that was cut short must not be taken for a finished one. */
export async function writeArchive(path: string, archive: Buffer): Promise<void> {
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, archive);
  await rename(partial, path);
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
