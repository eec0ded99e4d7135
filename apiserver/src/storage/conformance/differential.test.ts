import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Random, seededRandom, systemClock } from '@keelson/base';
import { createMemoryStore } from '../memory/memory.ts';
import { createSqliteStore } from '../sqlite/sqlite.ts';
import { type ListOptions, type Store, StoreError } from '../types.ts';
import { Recorder } from './recorder.ts';

const steps = 2_000;
const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, systemClock.now() % 1_000_000];

type Step = (store: Store) => Promise<unknown>;

/** What an operation came to, in a form that compares. */
async function outcome(step: Step, store: Store): Promise<unknown> {
  try {
    return await step(store);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const { code, message, current, compactRevision } = error;
    return { code, message, current, compactRevision };
  }
}

/** Draws operations that mostly make sense: revisions are often those in force. */
class Script {
  readonly #random: Random;
  /** The revision the script believes a key has. */
  readonly #known = new Map<string, number>();
  #revision = 1;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): { what: string; step: Step; note: (result: unknown) => void } {
    const key = this.#key();
    const value = Buffer.from(this.#random.uuid());
    const expected = this.#chance(0.85) ? (this.#known.get(key) ?? 0) : this.#pick(this.#revision + 1);
    const wrote = (result: unknown): void => this.#wrote(key, result);
    const removed = (result: unknown): void => {
      this.#wrote(key, result);
      if (typeof result === 'number') this.#known.delete(key);
    };
    const nothing = (): void => undefined;
    const drawn = this.#random.next();
    if (drawn < 0.3) return { what: `create ${key}`, step: (store) => store.create(key, value), note: wrote };
    if (drawn < 0.55) return { what: `update ${key} ${expected}`, step: (store) => store.update(key, value, expected), note: wrote };
    if (drawn < 0.7) return { what: `delete ${key} ${expected}`, step: (store) => store.delete(key, expected), note: removed };
    if (drawn < 0.76) return { what: `get ${key}`, step: (store) => store.get(key), note: nothing };
    if (drawn < 0.98) {
      const prefix = this.#prefix();
      const options = this.#listOptions();
      return { what: `list ${prefix} ${JSON.stringify(options)}`, step: (store) => store.list(prefix, options), note: nothing };
    }
    const revision = Math.max(this.#revision - this.#pick(200), 1);
    return { what: `compact ${revision}`, step: (store) => store.compact(revision), note: nothing };
  }

  #wrote(key: string, result: unknown): void {
    const current = (result as { current?: { revision: number } }).current;
    if (typeof result === 'number') this.#revision = result;
    const known = typeof result === 'number' ? result : current?.revision;
    if (known === undefined) this.#known.delete(key);
    else this.#known.set(key, known);
  }

  #listOptions(): ListOptions {
    return {
      ...(this.#chance(0.5) && { revision: Math.max(this.#revision - this.#pick(150) + 3, 0) }),
      ...(this.#chance(0.4) && { startAfter: this.#key() }),
      ...(this.#chance(0.4) && { limit: this.#pick(6) }),
      ...(this.#chance(0.2) && { countOnly: true }),
    };
  }

  #key(): string {
    return `/${['a', 'b', 'c', '\u{ffff}', '\u{1f600}'][this.#pick(5)]}/${this.#pick(40)}`;
  }

  #prefix(): string {
    return ['/', '/a/', '/b/', '/b/1', '', '/\u{ffff}', '/\u{1f600}/'][this.#pick(7)] as string;
  }

  #pick(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  #chance(part: number): boolean {
    return this.#random.next() < part;
  }
}

for (const seed of seeds) {
  test(`memory and sqlite agree on ${steps} random operations (SEED=${seed})`, { timeout: 60_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'keelson-differential-'));
    const path = join(directory, 'store.db');
    const memory = createMemoryStore();
    let sqlite = await createSqliteStore({ path });
    const expected = new Recorder(memory, '/', 1);
    const events: string[] = [];
    let recorder = new Recorder(sqlite, '/', 1);
    const script = new Script(seededRandom(seed));
    let last = 1;
    for (let i = 0; i < steps; i++) {
      const { what, step, note } = script.next();
      const result = await outcome(step, memory);
      assert.deepEqual(await outcome(step, sqlite), result, `SEED=${seed} step ${i}: ${what}`);
      note(result);
      if (typeof result === 'number') last = result;
      if (i % 500 !== 499) continue;
      // The file alone must tell the same.
      await recorder.reached(last);
      await recorder.stop();
      events.push(...recorder.lines);
      await sqlite.close();
      sqlite = await createSqliteStore({ path });
      recorder = new Recorder(sqlite, '/', last);
    }
    await expected.reached(last);
    assert.deepEqual(events, expected.lines, `SEED=${seed}`);
    await Promise.all([recorder.stop(), expected.stop()]);
    await Promise.all([memory.close(), sqlite.close()]);
    rmSync(directory, { recursive: true, force: true });
  });
}
