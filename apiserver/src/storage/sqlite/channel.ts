import { Worker } from 'node:worker_threads';
import { errorMessage } from '@keelson/base';
import { StoreError } from '../types.ts';
import {
  type Failure,
  type Opened,
  pack,
  type Request,
  type RequestBatch,
  type Result,
  type ResultBatch,
  transfers,
  unpack,
  type WorkerOptions,
} from './protocol.ts';

/** Batches on their way: one being committed, one waiting behind it. */
const depth = 2;
const batchSize = 512;
const batchBytes = 8 * 1024 * 1024;

export type Success = Exclude<Result, Failure>;

/** A result with the values it names. */
export interface Answer<T extends Success = Success> {
  readonly result: T;
  readonly values: readonly Buffer[];
}

/** A request whose result has arrived. */
export interface Settled {
  readonly request: Request;
  readonly value: Buffer | undefined;
  readonly result: Result;
}

interface Call {
  readonly request: Request;
  readonly value: Buffer | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: StoreError) => void;
}

export interface ChannelOptions extends WorkerOptions {
  readonly worker: URL;
  /** Called with each batch before its requests resolve. */
  readonly onBatch: (settled: readonly Settled[], batch: ResultBatch) => void;
  /** Called once, if the worker ended without having been told to. */
  readonly onLost: (error: StoreError) => void;
}

/** The main thread's end: collects requests while earlier ones are under way and sends them as one message. */
export class Channel {
  readonly #worker: Worker;
  readonly #options: ChannelOptions;
  readonly #calls = new Map<number, Call>();
  #queue: Call[] = [];
  #nextId = 0;
  #underWay = 0;
  #scheduled = false;
  #lost: StoreError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(worker: Worker, options: ChannelOptions) {
    this.#worker = worker;
    this.#options = options;
    worker.on('message', (batch: ResultBatch) => this.#receive(batch));
    worker.on('error', (error) => this.#lose(`the storage worker failed: ${errorMessage(error)}`, error));
    worker.on('exit', () => this.#lose('the store is closed'));
  }

  /** @throws StoreError `unavailable` when the file cannot be opened. */
  static async open(options: ChannelOptions): Promise<{ channel: Channel; opened: Exclude<Opened, Failure> }> {
    const worker = new Worker(options.worker, { workerData: { path: options.path } satisfies WorkerOptions });
    const opened = await new Promise<Opened>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    }).catch((error: unknown): Failure => ({ kind: 'failure', code: 'unavailable', message: errorMessage(error) }));
    if (opened.kind === 'failure') throw new StoreError('unavailable', `cannot open ${options.path}: ${opened.message}`);
    return { channel: new Channel(worker, options), opened };
  }

  /** Answers when the worker has: a write, when it is on the disk. @throws StoreError. */
  send(request: Request, value?: Buffer): Promise<Answer> {
    if (this.#lost || this.#closing) return Promise.reject(this.#lost ?? new StoreError('unavailable', 'the store is closed'));
    return this.#enqueue(request, value);
  }

  /** Everything sent before is done; then the file is closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#lost) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.#enqueue({ op: 'close' }, undefined);
    await exited;
  }

  #enqueue(request: Request, value: Buffer | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, value, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      // What else this turn of the event loop asks for goes along.
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    while (this.#queue.length > 0 && this.#underWay < depth) {
      const calls = this.#nextBatch();
      const ids = calls.map((call) => {
        this.#calls.set(++this.#nextId, call);
        return this.#nextId;
      });
      const values = pack(calls.flatMap(({ value }) => value ?? []));
      let index = 0;
      const requests = calls.map(({ request, value }) => (value ? ({ ...request, value: index++ } as Request) : request));
      this.#underWay++;
      this.#worker.postMessage({ ids, requests, values } satisfies RequestBatch, transfers(values));
    }
  }

  #nextBatch(): Call[] {
    let bytes = 0;
    let size = 0;
    for (const { value } of this.#queue) {
      bytes += value?.byteLength ?? 0;
      if (size > 0 && (size === batchSize || bytes > batchBytes)) break;
      size++;
    }
    return this.#queue.splice(0, size);
  }

  #receive(batch: ResultBatch): void {
    const values = unpack(batch.values);
    const calls = batch.ids.map((id) => this.#calls.get(id) as Call);
    for (const id of batch.ids) this.#calls.delete(id);
    this.#options.onBatch(
      calls.map(({ request, value }, i) => ({ request, value, result: batch.results[i] as Result })),
      batch,
    );
    for (const [i, { resolve, reject }] of calls.entries()) {
      const result = batch.results[i] as Result;
      if (typeof result === 'object' && result.kind === 'failure') reject(errorOf(result, values));
      else resolve({ result, values });
    }
    this.#underWay -= batch.taken;
    this.#flush();
  }

  #lose(message: string, cause?: unknown): void {
    if (this.#lost) return;
    this.#lost = new StoreError('unavailable', message, { cause });
    for (const { reject } of [...this.#calls.values(), ...this.#queue]) reject(this.#lost);
    this.#calls.clear();
    this.#queue = [];
    if (!this.#closing) this.#options.onLost(this.#lost);
  }
}

function errorOf({ code, message, current, compactRevision }: Failure, values: readonly Buffer[]): StoreError {
  return new StoreError(code, message, {
    current: current && { key: current.key, value: values[current.value] as Buffer, revision: current.revision },
    ...(compactRevision !== undefined && { compactRevision }),
  });
}
