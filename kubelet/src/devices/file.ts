import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that is always whole, and holds the latest of what it was told to. */
export class StateFile {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  /** `path` is absolute; its directory is made. */
  constructor(path: string) {
    this.#path = path;
  }

  /** undefined: there is none. */
  read(): Promise<string | undefined> {
    return readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  }

  /** Writes what `text` gives when its turn comes. @throws the operating system's error */
  write(text: () => string): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#replace(text()));
    return this.#writing;
  }

  async #replace(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o750 });
    await writeFile(`${this.#path}.tmp`, text, { mode: 0o600 });
    await rename(`${this.#path}.tmp`, this.#path);
  }
}
