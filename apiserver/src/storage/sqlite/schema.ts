import { DatabaseSync } from 'node:sqlite';

/**
 * `log` has every write, superseded ones until compaction; it is only ever appended to and swept. The index by key is the
 * worker's, in memory: kept here it would cost two random pages for each write. `meta` holds `compacted`, the oldest
 * readable revision.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    expires INTEGER,
    value BLOB
  ) STRICT;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO meta VALUES ('compacted', 0);
`;

/** Counts changes of the tables and of what stands in them. Files from before it was counted have 0, and the same tables as 1. */
const layout = 1;

/**
 * Opens or makes the file. An acknowledged commit is on the disk: WAL, synchronised at every commit.
 * @throws when a later version has written it.
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  const found = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (found > layout) {
    database.close();
    throw new Error(`it was written by a later version (layout ${found}, this one knows ${layout}): start that one, or name another file`);
  }
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 250; PRAGMA cache_size = -16384;');
  database.exec(`${schema} PRAGMA user_version = ${layout};`);
  return database;
}

/**
 * Keeps other processes out for as long as it is open: the revision counter is ours alone. A lock beside the file, so that
 * any SQLite tool may still read the file itself.
 * @throws when another process holds it; the system releases it when that process ends, however it ends.
 */
export function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`);
  lock.exec('PRAGMA busy_timeout = 2000; BEGIN EXCLUSIVE');
  return lock;
}
