import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TarEntry } from '@keelson/deploy-images';
import { onPath } from '../e2e/cluster.ts';
import { exists, must } from './shell.ts';

/** The files of an image as they are put together: folders are made as they are needed, a later file takes the place of an earlier. */
export class Files {
  readonly #entries = new Map<string, TarEntry>();

  get entries(): TarEntry[] {
    return [...this.#entries.values()];
  }

  folder(path: string, mode = 0o755): void {
    if (path === '.' || this.#entries.has(path)) return;
    this.folder(dirname(path));
    this.#entries.set(path, { path, type: 'directory', mode });
  }

  file(path: string, content: Buffer | string, mode = 0o755): void {
    this.folder(dirname(path));
    this.#entries.set(path, { path, type: 'file', content: Buffer.from(content), mode });
  }

  link(path: string, target: string): void {
    this.folder(dirname(path));
    this.#entries.set(path, { path, type: 'symlink', target });
  }

  async copy(from: string, to: string): Promise<void> {
    this.file(to, await readFile(await realpath(from)));
  }

  /** A program of this machine and the libraries it is linked with. @throws when it is not installed. */
  async program(name: string, to = `usr/bin/${name}`): Promise<void> {
    const path = name.startsWith('/') ? name : onPath(name);
    if (!path || !(await exists(path))) throw new Error(`${name} is not installed`);
    await this.copy(path, to);
    const linked = await must('ldd', [path]).catch(() => '');
    for (const [, library = ''] of linked.matchAll(/(\/\S+) \(0x/g)) await this.copy(library, library.slice(1));
  }
}

/** The tools upstream's test image has beside its own program; this machine's shell, since busybox' would take its own applets. */
export async function toolFiles(nc: string): Promise<Files> {
  const files = new Files();
  files.folder('uploads');
  for (const name of ['curl', 'wget', 'dig', 'nslookup', 'host', 'ss', 'ip', 'getent']) await files.program(name);
  for (const name of ['wget', 'nslookup', 'ip', 'nc']) files.link(`bin/${name}`, `../usr/bin/${name}`);
  await files.program(nc, 'usr/bin/nc');
  await files.program('bash', 'bin/bash');
  await files.program('/bin/dash', 'bin/sh');
  files.link('usr/bin/printenv', '../../bin/printenv');
  const names = '/lib/x86_64-linux-gnu/libnss_dns.so.2';
  if (await exists(names)) await files.copy(names, names.slice(1));
  return files;
}
