import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock } from '@keelson/base';
import type { Cluster } from '../cluster/cluster.ts';
import { identify, isAlive, startTime } from './identity.ts';
import { lastWords, running, start, stop } from './processes.ts';

describe('a process', () => {
  const clusterIn = async (t: { after(fn: () => Promise<void>): void }): Promise<Cluster> => {
    const dataDir = await mkdtemp(join(tmpdir(), 'processes-'));
    t.after(() => rm(dataDir, { recursive: true }));
    return { dataDir } as Cluster;
  };

  test('is started, found again and stopped', async (t) => {
    const cluster = await clusterIn(t);
    const { pid } = await start(cluster, 'one', ['sh', '-c', 'echo ready; exec sleep 1000'], systemClock);
    assert.equal((await running(cluster, 'one'))?.pid, pid);
    await stop(cluster, 'one', systemClock);
    assert.equal(await running(cluster, 'one'), undefined);
    assert.equal(await identify(pid), undefined);
    assert.equal(await lastWords(cluster.dataDir, 'one'), 'ready');
    await stop(cluster, 'one', systemClock);
  });

  test('whose number is another process’s by now is neither found nor stopped', async (t) => {
    const cluster = await clusterIn(t);
    const { pid } = await start(cluster, 'one', ['sleep', '1000'], systemClock);
    t.after(async () => void process.kill(pid, 'SIGKILL'));
    const file = join(cluster.dataDir, 'run', 'one.json');
    const entry = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...entry, born: `${entry.born}1` }));
    assert.equal(await running(cluster, 'one'), undefined);
    await stop(cluster, 'one', systemClock);
    assert.ok(await identify(pid));
  });

  test('knows when it was born', async () => {
    const me = await identify(process.pid);
    assert.ok(me);
    assert.ok(await isAlive(me));
    assert.equal(await isAlive({ ...me, born: 'earlier' }), false);
  });
});

test('the start time stands after a name that may hold anything', () => {
  const fields = ['1', '1', '1', '1', '0', '-1', '4194560', '1', '2', '3', '4', '5', '6', '7', '8', '20', '0', '1', '0', '4711', '99'];
  assert.equal(startTime(`12 (a ) b (c) S ${fields.slice(1).join(' ')}`), '4711');
  assert.equal(startTime(`12 (sh) Z ${fields.slice(1).join(' ')}`), undefined);
  assert.equal(startTime(''), undefined);
});
