import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { ContainerState, Containers } from '../../cri/types.ts';
import { logFiles } from './files.ts';
import { type LogEntry, parseLogLine } from './format.ts';
import { planRotation, rotateLog } from './rotate.ts';
import { LogSelection, parseLogQuery } from './select.ts';

const directories: string[] = [];
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

async function logFile(lines: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubelet-log-'));
  directories.push(directory);
  await writeFile(join(directory, '0.log'), lines.map((line) => `${line}\n`).join(''));
  return join(directory, '0.log');
}

const line = (second: number, text: string, tag = 'F', stream = 'stdout'): string =>
  `2026-01-01T00:00:0${second}.000000000Z ${stream} ${tag} ${text}`;

async function collect(path: string, query: string): Promise<string> {
  const wanted = parseLogQuery(new URLSearchParams(query), Date.UTC(2026, 0, 1, 0, 0, 5));
  const selection = new LogSelection(wanted);
  const result: Buffer[] = [];
  for await (const entry of logFiles.read(path, '', {
    follow: false,
    tailLines: wanted.tailLines,
    signal: new AbortController().signal,
    alive: () => false,
  })) {
    const bytes = selection.take(entry);
    if (bytes) result.push(bytes);
    if (selection.full) break;
  }
  return Buffer.concat(result).toString();
}

test('lines of a container log', () => {
  const parsed = parseLogLine(Buffer.from(line(1, 'a b', 'P', 'stderr')));
  assert.deepEqual(
    { ...parsed, text: String(parsed?.text) },
    { time: '2026-01-01T00:00:01.000000000Z', stream: 'stderr', partial: true, text: 'a b' },
  );
  assert.equal(parseLogLine(Buffer.from('rubbish')), undefined);
  assert.equal(String(parseLogLine(Buffer.from(line(1, '')))?.text), '');
});

describe('reading', () => {
  const lines = [line(1, 'one'), line(2, 'tw', 'P'), line(2, 'o'), line(3, 'three', 'F', 'stderr'), line(4, 'four')];
  const cases: readonly [query: string, expected: string][] = [
    ['', 'one\ntwo\nthree\nfour\n'],
    ['tailLines=2', 'three\nfour\n'],
    ['tailLines=0', ''],
    ['tailLines=99', 'one\ntwo\nthree\nfour\n'],
    ['sinceSeconds=2', 'three\nfour\n'],
    ['sinceTime=2026-01-01T00:00:04Z', 'four\n'],
    ['stream=Stderr', 'three\n'],
    ['limitBytes=5', 'one\nt'],
    ['timestamps=true&tailLines=1', '2026-01-01T00:00:04.000000000Z four\n'],
  ];
  for (const [query, expected] of cases) {
    test(query || 'everything', async () => assert.equal(await collect(await logFile(lines), query), expected));
  }

  test('queries that make no sense', () => {
    const { follow, previous, timestamps } = parseLogQuery(new URLSearchParams('follow=True&previous=0&timestamps=False'), 0);
    assert.deepEqual({ follow, previous, timestamps }, { follow: true, previous: false, timestamps: false });
    assert.throws(() => parseLogQuery(new URLSearchParams('tailLines=-1'), 0), /tailLines: Invalid value/);
    assert.throws(() => parseLogQuery(new URLSearchParams('sinceSeconds=1&sinceTime=x'), 0), /at most one/);
  });
});

test('following goes on over a rotation and ends with the container', async () => {
  const path = await logFile([line(1, 'one')]);
  let alive = true;
  const entries = logFiles
    .read(path, '', { follow: true, tailLines: undefined, signal: new AbortController().signal, alive: () => alive })
    [Symbol.asyncIterator]();
  const next = async (): Promise<string> => String(((await entries.next()).value as LogEntry | undefined)?.text);
  assert.equal(await next(), 'one');
  await appendFile(path, `${line(2, 'two')}\n`);
  assert.equal(await next(), 'two');
  await rename(path, `${path}.old`);
  await writeFile(path, `${line(3, 'three')}\n`);
  assert.equal(await next(), 'three');
  alive = false;
  assert.equal((await entries.next()).done, true);
});

test('rotation keeps five files with the present one, older ones compressed', () => {
  const present = ['0.log', '0.log.1.gz', '0.log.2.gz', '0.log.3.gz', '0.log.4', '1.log.1'];
  assert.deepEqual(planRotation('0.log', present, '5', 5), { to: '0.log.5', remove: ['0.log.1.gz'], compress: ['0.log.4'] });
});

test('what is rotated a second time can be had from its compressed file alone', async () => {
  const log = await logFile(['a']);
  const reopened: string[] = [];
  const containers = { reopenLog: async (id: string) => void reopened.push(id) } as unknown as Containers;
  const container = { id: 'c', logPath: log } as ContainerState;
  for (const text of ['first', 'second', 'third']) {
    await writeFile(log, text);
    await rotateLog(containers, container, { bytes: 1, files: 5 }, Date.UTC(2026, 0, 1, 0, 0, reopened.length));
  }
  const names = (await readdir(dirname(log))).sort();
  assert.deepEqual(names, ['0.log.20260101-000000.gz', '0.log.20260101-000001.gz', '0.log.20260101-000002']);
  const first = await readFile(join(dirname(log), names[0] ?? ''));
  assert.equal(gunzipSync(first).toString(), 'first');
  assert.deepEqual(reopened, ['c', 'c', 'c']);
});
