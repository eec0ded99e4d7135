import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, errorMessage, every, type Logger, timestamp } from '@keelson/base';
import type { Pod, PodStatus } from '@keelson/types';
import { compact, podKey, podUid } from '../pod/naming.ts';
import type { PodSink } from './api.ts';
import { staticPod } from './manifest.ts';

/** How often the directory is read though nothing was heard of it, as Kubernetes' `fileCheckFrequency`. */
const checkEvery = 20_000;

/**
 * The pods of a directory of manifests. A pod that is no longer there is ended in its own time; one that takes its name, be it the very
 * same, waits until it has left the node.
 */
export class StaticSource {
  readonly #directory: string;
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #pods = new Map<string, Pod>();
  /** By `namespace/name`. */
  readonly #ending = new Map<string, Pod>();
  /** How often each file came or went since the directory was last read. */
  #moves = new Map<string, number>();
  #tell: { readonly sink: PodSink; onChange(): void } | undefined;
  #reading: Promise<void> = Promise.resolve();
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

  /** What the directory holds. */
  get pods(): readonly Pod[] {
    return [...this.#pods.values()];
  }

  /** What it holds no longer and still runs. */
  get ending(): readonly Pod[] {
    return [...this.#ending.values()];
  }

  /** Reads the directory once, then again whenever it changes. `onChange`: the set of pods is another, or was looked at after a while. */
  async run(sink: PodSink, onChange: () => void, signal: AbortSignal): Promise<void> {
    this.#tell = { sink, onChange };
    const read = (): Promise<void> => {
      this.#reading = this.#reading.catch(() => undefined).then(() => this.#read());
      return this.#reading;
    };
    const failed = (error: unknown): void => this.#log.warn('cannot read manifests', { error: errorMessage(error) });
    const moved = (event: string, name: string | null): void => {
      if (event === 'rename' && name !== null) this.#moves.set(name, (this.#moves.get(name) ?? 0) + 1);
      read().catch(failed);
    };
    try {
      watch(this.#directory, { signal }, moved).on('error', (error) =>
        this.#log.debug('manifest watch ended', { error: errorMessage(error) }),
      );
    } catch (error) {
      this.#log.warn('cannot watch manifests', { directory: this.#directory, error: errorMessage(error) });
    }
    const look = (): Promise<void> => read().then(onChange);
    await every(this.#clock, checkEvery, signal, look, failed);
  }

  /** A pod has left the node, and this was said of it last. Its like goes on counting its restarts. */
  ended(pod: Pod, last: PodStatus | undefined): void {
    const key = podKey(pod);
    const ending = this.#ending.get(key);
    if (!ending || podUid(ending) !== podUid(pod)) return;
    this.#ending.delete(key);
    const next = this.pods.find((each) => podKey(each) === key);
    if (next) this.#tell?.sink.update(podUid(next) === podUid(pod) ? onceMore(next, last) : next);
    this.#tell?.onChange();
  }

  async #read(): Promise<void> {
    const found = new Map<string, Pod>();
    const files = new Map<string, string>();
    const names = await readdir(this.#directory).catch((error: NodeJS.ErrnoException) => {
      // A directory that is not there holds nothing; what one holds that cannot be read is not known.
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names.filter((one) => !one.startsWith('.')).sort()) {
      const file = join(this.#directory, name);
      try {
        const pod = staticPod(await readFile(file, 'utf8'), file, this.#nodeName, timestamp(this.#clock));
        found.set(podUid(pod), this.#pods.get(podUid(pod)) ?? pod);
        files.set(podUid(pod), name);
      } catch (error) {
        this.#log.warn('cannot use manifest', { file, error: errorMessage(error) });
      }
    }
    const moves = this.#moves;
    this.#moves = new Map();
    // Gone and back between two looks.
    const isBack = (uid: string): boolean => (moves.get(files.get(uid) ?? '') ?? 0) > 1;
    this.#hasRead = true;
    this.#change(found, isBack);
  }

  #change(found: Map<string, Pod>, isBack: (uid: string) => boolean): void {
    const gone = [...this.#pods].filter(([uid]) => !found.has(uid) || isBack(uid));
    const come = [...found].filter(([uid]) => !this.#pods.has(uid));
    this.#pods = found;
    for (const [, pod] of gone) {
      // One that only waited has nothing to end.
      if (this.#ending.has(podKey(pod))) continue;
      this.#ending.set(podKey(pod), pod);
      this.#tell?.sink.remove(pod);
    }
    for (const [, pod] of come) if (!this.#ending.has(podKey(pod))) this.#tell?.sink.update(pod);
    if (gone.length + come.length > 0) this.#tell?.onChange();
  }
}

/** A pod that comes again, as its containers were left: their next start is one more. */
function onceMore(pod: Pod, { initContainerStatuses, containerStatuses }: PodStatus = {}): Pod {
  return { ...pod, status: compact({ ...pod.status, initContainerStatuses, containerStatuses }) };
}
