import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorMessage, every, type Logger, timestamp } from '@keelson/base';
import type { Pod } from '@keelson/types';
import { podUid } from '../pod/naming.ts';
import type { PodSink } from './api.ts';
import { staticPod } from './manifest.ts';

/** How often the directory is read though nothing was heard of it, as Kubernetes' `fileCheckFrequency`. */
const checkEvery = 20_000;

/** The pods of a directory of manifests. */
export class StaticSource {
  readonly #directory: string;
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #pods = new Map<string, Pod>();
  #hasRead = false;

  constructor(directory: string, nodeName: string, clock: Clock, log: Logger) {
    this.#directory = directory;
    this.#nodeName = nodeName;
    this.#clock = clock;
    this.#log = log;
  }

  get hasRead(): boolean {
    return this.#hasRead;
  }

  get pods(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** Reads the directory once, then again whenever it changes. `onChange`: the set of pods is another. */
  async run(sink: PodSink, onChange: () => void, signal: AbortSignal): Promise<void> {
    const read = async (): Promise<void> => {
      if (await this.#read(sink)) onChange();
    };
    try {
      watch(this.#directory, { signal }, () => void read()).on('error', (error) =>
        this.#log.debug('manifest watch ended', { error: errorMessage(error) }),
      );
    } catch (error) {
      this.#log.warn('cannot watch manifests', { directory: this.#directory, error: errorMessage(error) });
    }
    await every(this.#clock, checkEvery, signal, read, (error) => this.#log.warn('cannot read manifests', { error: errorMessage(error) }));
  }

  async #read(sink: PodSink): Promise<boolean> {
    const found = new Map<string, Pod>();
    const names = (await readdir(this.#directory).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
    for (const name of names) {
      const file = join(this.#directory, name);
      try {
        const pod = staticPod(await readFile(file, 'utf8'), file, this.#nodeName, timestamp(this.#clock));
        found.set(podUid(pod), this.#pods.get(podUid(pod)) ?? pod);
      } catch (error) {
        this.#log.warn('cannot use manifest', { file, error: errorMessage(error) });
      }
    }
    const gone = [...this.#pods].filter(([uid]) => !found.has(uid));
    const come = [...found].filter(([uid]) => !this.#pods.has(uid));
    this.#pods = found;
    this.#hasRead = true;
    for (const [, pod] of gone) sink.remove(pod);
    for (const [, pod] of come) sink.update(pod);
    return gone.length + come.length > 0;
  }
}
