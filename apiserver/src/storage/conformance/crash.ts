import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Store } from '../types.ts';

export type WriterTarget = { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'etcd'; readonly endpoint: string };

export interface CrashBench {
  /** What the child process opens. */
  readonly writer: WriterTarget;
  /** Crashes what lies behind the store, where that is a process of its own, and opens it again. */
  readonly reopen: () => Promise<Store>;
  readonly remove: () => Promise<void>;
}

/** Writes acknowledged before the crash in each round; each round appends to what the ones before left. */
const rounds = [50, 400, 1_500];

/** A process writes and prints what was acknowledged; it is killed in the middle; nothing printed may be lost. */
export function crashTest(name: string, open: () => Promise<CrashBench>): void {
  test(`${name}: kill -9 loses no acknowledged write`, { timeout: 120_000 }, async () => {
    const { writer, reopen, remove } = await open();
    try {
      const acknowledged = new Map<string, string>();
      for (const [round, enough] of rounds.entries()) {
        await killedWriter(writer, round, enough, acknowledged);
        const store = await reopen();
        const { entries } = await store.list('/crash/');
        const found = new Map(entries.map((entry) => [entry.key, `${entry.revision} ${entry.value.subarray(0, 20).toString().trimEnd()}`]));
        for (const [key, line] of acknowledged) assert.equal(found.get(key), line, `round ${round}: ${key}`);
        await store.close();
      }
      assert.ok(acknowledged.size >= 1_950);
    } finally {
      await remove();
    }
  });
}

async function killedWriter(target: WriterTarget, round: number, enough: number, acknowledged: Map<string, string>): Promise<void> {
  const script = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, JSON.stringify(target), String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  assert.ok(child.stdout);
  const closed = once(child, 'close');
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, key, entry] = /^(\S+) (\d+ .*);$/.exec(line) ?? [];
    if (key === undefined || entry === undefined) continue; // The kill cut the last line.
    acknowledged.set(key, entry);
    if (++lines === enough) child.kill('SIGKILL');
  }
  await closed;
  assert.equal(child.signalCode, 'SIGKILL', 'the writer died of the kill');
}
