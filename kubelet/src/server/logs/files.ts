import { watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LineSplitter, type LogEntry, parseLogLine } from './format.ts';

export interface ReadOptions {
  readonly follow: boolean;
  readonly tailLines: number | undefined;
  readonly signal: AbortSignal;
  /** Whether anything may still be written; asked when the end of the file is reached. */
  alive(): boolean;
}

/** Where containers' logs can be read. */
export interface LogSource {
  /** @throws when there is no such log. */
  read(path: string, containerId: string, options: ReadOptions): AsyncIterable<LogEntry>;
}

const chunk = 64 * 1024;
/** A change nobody was told of is found this many milliseconds later. */
const lookEvery = 500;

/** Logs as files, written by the runtime and rotated by the kubelet. */
export const logFiles: LogSource = {
  async *read(path, _containerId, options) {
    let file = await open(path);
    const changes = changesOf(path, options);
    try {
      let at = options.tailLines === undefined ? 0 : await tailOffset(file, options.tailLines);
      let lines = new LineSplitter();
      for (;;) {
        const last = !options.alive();
        for await (const data of readFrom(file, at)) {
          at += data.length;
          for (const line of lines.push(data)) {
            const entry = parseLogLine(line);
            if (entry) yield entry;
          }
        }
        if (!options.follow || options.signal.aborted) return;
        const next = await rotated(file, path);
        if (next) {
          await file.close();
          file = next;
          at = 0;
          lines = new LineSplitter();
        } else if (last) {
          return;
        } else {
          await changes.next();
        }
      }
    } finally {
      changes.close();
      await file.close();
    }
  },
};

async function* readFrom(file: FileHandle, start: number): AsyncGenerator<Buffer> {
  for (let at = start; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(chunk), 0, chunk, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Where the last `count` lines begin, found from the end. */
async function tailOffset(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat();
  if (count === 0) return size;
  let seen = 0;
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - chunk);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let at = buffer.length - 1; at >= 0; at--) {
      // The newline that ends the file begins no line.
      if (buffer[at] === 0x0a && start + at !== size - 1 && ++seen === count) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** The new file when the path names another one than is open. */
async function rotated(file: FileHandle, path: string): Promise<FileHandle | undefined> {
  const [mine, present] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return present && present.ino !== mine.ino ? open(path).catch(() => undefined) : undefined;
}

interface Changes {
  next(): Promise<void>;
  close(): void;
}

function changesOf(path: string, { follow, signal }: ReadOptions): Changes {
  if (!follow) return { next: async () => undefined, close: () => undefined };
  let wake = (): void => undefined;
  let missed = false;
  const changed = (): void => {
    missed = true;
    wake();
  };
  const watcher = watch(dirname(path), changed).on('error', () => undefined);
  const timer = setInterval(changed, lookEvery);
  signal.addEventListener('abort', changed, { once: true });
  return {
    next: () =>
      new Promise((resolve) => {
        wake = resolve;
        if (missed) resolve();
        missed = false;
      }),
    close: () => {
      watcher.close();
      clearInterval(timer);
    },
  };
}
