import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '@keelson/base';
import { Expiries } from '../history/expiries.ts';
import { History, type Version } from '../history/history.ts';
import { rangeOf } from '../keys.ts';
import type { Failure, ListRequest, Result, Row } from './protocol.ts';

/** Changes looked at for one answer of `history`. */
const historyPage = 2_000;
/** Keys that expire in one transaction. */
const expiryPage = 500;
/** Writes looked at, and rows deleted, in one step of `sweep`. */
const sweepPage = 250;

/** What the index knows of a value: when it expires (milliseconds since the epoch). The bytes are in the file. */
type Expires = number;
const never: Expires = Number.POSITIVE_INFINITY;

interface LogRow {
  readonly revision: number;
  readonly key: string;
  readonly deleted: number;
  readonly expires: number | null;
}

/** Puts a value into the outgoing message and returns its index there. */
export type Attach = (value: Uint8Array) => number;

/**
 * The log in its file, with an index of it in memory. Synchronous, and without a clock. Writes must stand in a transaction:
 * `begin`, then `commit` or `rollback`.
 */
export class Log {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #remove: StatementSync;
  #history = new History<Expires>();
  #expiries = new Expiries();
  /** Rows nobody can read any more. */
  #superseded: number[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#select = database.prepare('SELECT value FROM log WHERE revision = ?');
    this.#remove = database.prepare('DELETE FROM log WHERE revision = ?');
    this.#load();
  }

  get revision(): number {
    return this.#history.revision;
  }

  get nextExpiry(): number | undefined {
    return this.#expiries.next;
  }

  begin(): void {
    this.#database.exec('BEGIN IMMEDIATE');
  }

  /** Reads many rows under one lock of the file instead of one for each. */
  reading<T>(read: () => T): T {
    this.#database.exec('BEGIN');
    try {
      return read();
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  commit(): void {
    this.#database.exec('COMMIT');
  }

  /** Back to what the file says. Costs reading all of it: only a failing disk brings us here. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    this.#load();
  }

  create(key: string, value: Uint8Array, expires: number | null, attach: Attach): Result {
    const current = this.get(key, attach);
    if (current) return { kind: 'failure', code: 'exists', message: `key ${key} exists`, current };
    return this.#append(key, value, expires);
  }

  update(key: string, value: Uint8Array, expected: number, expires: number | null, attach: Attach): Result {
    if (this.#history.get(key)?.revision !== expected) return this.#conflict(key, expected, attach);
    return this.#append(key, value, expires);
  }

  delete(key: string, expected: number, attach: Attach): Result {
    if (this.#history.get(key)?.revision !== expected) return this.#conflict(key, expected, attach);
    return this.#append(key, null, null);
  }

  /** Removes keys whose time has come: not necessarily all, `nextExpiry` tells. */
  expire(now: number): Result {
    const first = this.revision + 1;
    const keys = this.#expiries.take(now, expiryPage);
    for (const key of keys) this.#append(key, null, null);
    return { kind: 'expired', keys, first };
  }

  get(key: string, attach: Attach): Row | undefined {
    const current = this.#history.get(key);
    return current && this.#row(current, attach);
  }

  list(request: ListRequest, attach: Attach): Result {
    const { prefix, startAfter, countOnly } = request;
    const revision = request.revision ?? this.revision;
    if (revision > this.revision) return future(revision);
    if (revision < this.#history.compacted) return this.#compactedFailure(revision);
    const range = rangeOf(prefix, startAfter);
    const past = revision < this.revision;
    const limit = countOnly ? 0 : request.limit || Number.POSITIVE_INFINITY;
    const versions = past ? this.#history.listAt(revision, range, limit) : this.#history.list(range, limit);
    const count = past ? this.#history.countAt(revision, range) : this.#history.count(range);
    return { kind: 'rows', rows: this.#rows(versions, attach), revision, count };
  }

  /** One page of the changes under `prefix` after a revision: complete up to `upTo`. */
  changes(prefix: string, after: number, attach: Attach): Result {
    if (after < this.#history.compacted) return this.#compactedFailure(after);
    const upTo = Math.max(Math.min(after + historyPage, this.revision), after);
    const changes = this.#history.after(after, prefix, upTo).map((version) => {
      const { key, revision, created, value } = version;
      return { key, revision, created, value: value === undefined ? undefined : this.#row(version, attach).value };
    });
    return { kind: 'changes', changes, upTo };
  }

  /** Makes `revision` the oldest readable one. What that supersedes is deleted by `sweep`. */
  compact(revision: number): Result {
    if (revision > this.revision) return future(revision);
    if (revision > this.#history.compacted) {
      this.#database.prepare(`UPDATE meta SET value = ? WHERE name = 'compacted'`).run(revision);
      this.#history.compact(revision);
    }
    return { kind: 'done' };
  }

  /** Deletes a little of what compaction left behind, in a transaction of its own. False when nothing is left to do. */
  sweep(): boolean {
    if (this.#superseded.length < sweepPage) {
      const forgotten = this.#history.forget(sweepPage);
      if (forgotten) this.#superseded.push(...forgotten);
      if (forgotten && this.#superseded.length < sweepPage) return true;
    }
    if (this.#superseded.length === 0) return false;
    this.begin();
    for (const revision of this.#superseded.slice(-sweepPage)) this.#remove.run(revision);
    this.commit();
    this.#superseded.length = Math.max(this.#superseded.length - sweepPage, 0);
    return true;
  }

  close(): void {
    this.#database.close();
  }

  #append(key: string, value: Uint8Array | null, expires: number | null): number {
    const previous = this.#history.get(key)?.revision ?? 0;
    const { revision, created } = this.#history.append(key, value === null ? undefined : (expires ?? never));
    this.#expiries.set(key, expires ?? undefined);
    this.#insert.run(revision, key, created ? 1 : 0, value === null ? 1 : 0, previous, expires, value);
    return revision;
  }

  /** In the order given, but read in that of the file: neighbours there are often of one page. */
  #rows(versions: readonly Version<Expires>[], attach: Attach): Row[] {
    const rows = versions.toSorted((a, b) => a.revision - b.revision).map((version) => this.#row(version, attach));
    const byRevision = new Map(rows.map((row) => [row.revision, row]));
    return versions.map(({ revision }) => byRevision.get(revision) as Row);
  }

  #row({ key, revision }: Version<Expires>, attach: Attach): Row {
    const row = this.#select.get(revision);
    assert(row?.value instanceof Uint8Array, `the log has revision ${revision} of ${key}`);
    return { key, revision, value: attach(row.value) };
  }

  /** Builds the index. Rows up to the compaction are the state it left (and rows not swept yet), later ones the history. */
  #load(): void {
    const compacted = Number(this.#database.prepare(`SELECT value FROM meta WHERE name = 'compacted'`).get()?.value ?? 0);
    const history = new History<Expires>();
    this.#superseded = [];
    const rows = (where: string): Iterable<LogRow> => {
      const statement = this.#database.prepare(`SELECT revision, key, deleted, expires FROM log WHERE ${where} ORDER BY revision`);
      return statement.iterate(compacted) as unknown as Iterable<LogRow>;
    };
    for (const { revision, key, deleted, expires } of rows('revision <= ?')) {
      const before = history.get(key);
      if (before) this.#superseded.push(before.revision);
      if (deleted) {
        this.#superseded.push(revision);
        history.restoreRemoval(key);
      } else history.restore(key, revision, expires ?? never);
    }
    history.restored(compacted);
    for (const { revision, key, deleted, expires } of rows('revision > ?')) {
      const version = history.append(key, deleted ? undefined : (expires ?? never));
      assert(version.revision === revision, `the log has no gap before revision ${revision}`);
    }
    this.#history = history;
    this.#expiries = new Expiries();
    for (const { key, value } of history.list(rangeOf(''), Number.POSITIVE_INFINITY)) if (value !== never) this.#expiries.set(key, value);
  }

  #conflict(key: string, expected: number, attach: Attach): Failure {
    const current = this.get(key, attach);
    const found = current ? `is at revision ${current.revision}` : 'does not exist';
    return { kind: 'failure', code: 'conflict', message: `key ${key} ${found}, expected revision ${expected}`, current };
  }

  #compactedFailure(revision: number): Failure {
    const oldest = this.#history.compacted;
    const message = `revision ${revision} has been compacted, the oldest is ${oldest}`;
    return { kind: 'failure', code: 'compacted', message, compactRevision: oldest };
  }
}

function future(revision: number): Failure {
  return { kind: 'failure', code: 'future', message: `revision ${revision} is not reached yet` };
}
