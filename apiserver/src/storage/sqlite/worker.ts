import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert, errorMessage, unreachable } from '@keelson/base';
import { Log } from './log.ts';
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
import { lockFile, openDatabase } from './schema.ts';

/** Requests that share one transaction, at most. */
const groupSize = 1_024;

interface Job {
  readonly id: number;
  readonly request: Request;
  readonly values: readonly Buffer[];
}

/** Serves one store's file: all writes that wait when a commit ends share the next one; reads follow them. */
class Server {
  readonly #port: MessagePort;
  readonly #lock: DatabaseSync;
  readonly #log: Log;
  #nextExpiry: number | undefined;
  #taken = 0;
  #sweeping = false;
  #closed = false;

  constructor(port: MessagePort, { path }: WorkerOptions) {
    this.#port = port;
    mkdirSync(dirname(path), { recursive: true });
    // The log holds secrets; SQLite gives its side files the mode of the main one.
    closeSync(openSync(path, 'a', 0o600));
    this.#lock = lockFile(path);
    this.#log = new Log(openDatabase(path));
    this.#nextExpiry = this.#log.nextExpiry;
    port.on('message', (batch: RequestBatch) => this.#serve(batch));
    this.#sweepLater();
    this.#port.postMessage({ kind: 'opened', revision: this.#log.revision, nextExpiry: this.#nextExpiry } satisfies Opened);
  }

  #serve(first: RequestBatch): void {
    const jobs = this.#take(first);
    while (jobs.length < groupSize) {
      const more: { message: RequestBatch } | undefined = receiveMessageOnPort(this.#port);
      if (!more) break;
      jobs.push(...this.#take(more.message));
    }
    const writes = jobs.filter(({ request }) => isWrite(request));
    if (writes.length > 0) this.#reply(writes, (outgoing) => this.#commit(writes, outgoing));
    const reads = jobs.filter(({ request }) => !isWrite(request));
    if (reads.length > 0) this.#reply(reads, (outgoing) => this.#log.reading(() => reads.map((job) => this.#read(job, outgoing))));
    this.#sweepLater();
    if (this.#closed) this.#close();
  }

  #take({ ids, requests, values }: RequestBatch): Job[] {
    this.#taken++;
    const unpacked = unpack(values);
    return requests.map((request, i) => ({ id: ids[i] as number, request, values: unpacked }));
  }

  #reply(jobs: readonly Job[], run: (outgoing: Uint8Array[]) => Result[]): void {
    const outgoing: Uint8Array[] = [];
    const results = run(outgoing);
    const values = pack(outgoing);
    const ids = jobs.map(({ id }) => id);
    const batch: ResultBatch = { taken: this.#taken, ids, results, values, revision: this.#log.revision, nextExpiry: this.#nextExpiry };
    this.#taken = 0;
    this.#port.postMessage(batch, transfers(values));
  }

  /** One transaction for all: either every result is durable, or every job fails. */
  #commit(jobs: readonly Job[], outgoing: Uint8Array[]): Result[] {
    try {
      this.#log.begin();
      const results = jobs.map((job) => this.#write(job, outgoing));
      this.#log.commit();
      this.#nextExpiry = this.#log.nextExpiry;
      return results;
    } catch (error) {
      this.#log.rollback();
      outgoing.length = 0;
      return jobs.map(() => failure(error));
    }
  }

  #write({ request, values }: Job, outgoing: Uint8Array[]): Result {
    const attach = (value: Uint8Array): number => outgoing.push(value) - 1;
    switch (request.op) {
      case 'create':
        return this.#log.create(request.key, values[request.value] as Buffer, request.expires, attach);
      case 'update':
        return this.#log.update(request.key, values[request.value] as Buffer, request.expected, request.expires, attach);
      case 'delete':
        return this.#log.delete(request.key, request.expected, attach);
      case 'expire':
        return this.#log.expire(request.now);
      case 'compact':
        return this.#log.compact(request.revision);
      default:
        throw new Error(`${request.op} is no write`);
    }
  }

  #read({ request }: Job, outgoing: Uint8Array[]): Result {
    const attach = (value: Uint8Array): number => outgoing.push(value) - 1;
    try {
      switch (request.op) {
        case 'get':
          return { kind: 'row', row: this.#log.get(request.key, attach) };
        case 'list':
          return this.#log.list(request, attach);
        case 'history':
          return this.#log.changes(request.prefix, request.after, attach);
        case 'close':
          this.#closed = true;
          return { kind: 'done' };
        default:
          throw new Error(`${request.op} is no read`);
      }
    } catch (error) {
      return failure(error);
    }
  }

  /** Deletes what compaction superseded, a little between requests. */
  #sweepLater(): void {
    if (this.#sweeping || this.#closed) return;
    this.#sweeping = true;
    setImmediate(() => {
      this.#sweeping = false;
      if (this.#closed) return;
      try {
        if (this.#log.sweep()) this.#sweepLater();
      } catch {
        // Nothing is lost: the next request tries again, and a full disk fails the writes themselves.
        this.#log.rollback();
      }
    });
  }

  #close(): void {
    this.#log.close();
    this.#lock.close();
    this.#port.close();
  }
}

function isWrite({ op }: Request): boolean {
  switch (op) {
    case 'create':
    case 'update':
    case 'delete':
    case 'expire':
    case 'compact':
      return true;
    case 'get':
    case 'list':
    case 'history':
    case 'close':
      return false;
    default:
      return unreachable(op);
  }
}

function failure(error: unknown): Failure {
  return { kind: 'failure', code: 'unavailable', message: `sqlite: ${errorMessage(error)}` };
}

assert(parentPort, 'this file runs as a worker');
try {
  new Server(parentPort, workerData as WorkerOptions);
} catch (error) {
  parentPort.postMessage(failure(error) satisfies Opened);
  parentPort.close();
}
