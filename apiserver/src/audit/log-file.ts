import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Clock, errorMessage, type Logger } from '@keelson/base';
import { type Backup, backupName, superseded } from './rotation.ts';

export interface LogFileOptions {
  readonly path: string;
  /** Bytes the file may have. */
  readonly maxSize: number;
  /** Old files that are kept; all when 0. */
  readonly maxBackups: number;
  /** Days old files are kept; for ever when 0. */
  readonly maxAge: number;
  /** Old files are compressed. */
  readonly compress?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * A file that lines are added to, which makes room for another when it is full. Whoever may read it must be root: what is told of others is
 * nobody else's business.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #file: FileHandle;
  #size: number;
  /** What is done to old files, off the way of new lines. */
  #tidying: Promise<void> = Promise.resolve();

  /** @throws when the file cannot be written. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    await mkdir(dirname(options.path), { recursive: true, mode: 0o700 });
    const file = await open(options.path, 'a', 0o600);
    const found = new LogFile(options, file, (await file.stat()).size);
    await found.#prune();
    return found;
  }

  private constructor(options: LogFileOptions, file: FileHandle, size: number) {
    this.#options = options;
    this.#file = file;
    this.#size = size;
  }

  /** Each line ends with a line feed. Called again only when the last call has settled. */
  async append(lines: readonly string[]): Promise<void> {
    let chunk: Buffer[] = [];
    let size = 0;
    for (const line of lines) {
      const bytes = Buffer.from(line);
      if (this.#size + size + bytes.length > this.#options.maxSize && this.#size + size > 0) {
        await this.#write(chunk, size);
        await this.#rotate();
        chunk = [];
        size = 0;
      }
      chunk.push(bytes);
      size += bytes.length;
    }
    await this.#write(chunk, size);
  }

  async close(): Promise<void> {
    await this.#tidying;
    await this.#file.close();
  }

  async #write(chunk: readonly Buffer[], size: number): Promise<void> {
    if (size === 0) return;
    await this.#file.appendFile(Buffer.concat(chunk, size));
    this.#size += size;
  }

  async #rotate(): Promise<void> {
    const { path, clock } = this.#options;
    await this.#file.close();
    const aside = join(dirname(path), backupName(basename(path), extname(path), clock.now()));
    await rename(path, aside);
    this.#file = await open(path, 'a', 0o600);
    this.#size = 0;
    if (!this.#options.compress) return this.#prune();
    this.#tidying = this.#tidying.then(() => this.#compress(aside)).then(() => this.#prune());
  }

  /** What cannot be compressed stays as it is. */
  async #compress(path: string): Promise<void> {
    try {
      await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz`, { mode: 0o600 }));
      await unlink(path);
    } catch (error) {
      this.#options.log.warn('an old audit log could not be compressed', { path, err: errorMessage(error) });
    }
  }

  /** An old file that stays is no reason not to write. */
  async #prune(): Promise<void> {
    const { path, log, clock } = this.#options;
    try {
      const names = await readdir(dirname(path));
      for (const { name } of superseded(names, this.#backupsOf(path), clock.now())) await unlink(join(dirname(path), name));
    } catch (error) {
      log.warn('an old audit log could not be removed', { path, err: errorMessage(error) });
    }
  }

  #backupsOf(path: string): Backup {
    const { maxBackups, maxAge } = this.#options;
    return { file: basename(path), extension: extname(path), maxBackups, maxAge };
  }
}
