import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../pod/annotations.ts';
import { exited } from '../pod/testpod.ts';
import { MemoryHost } from '../volume/memory.ts';
import { endOfLog, withLastWords } from './lastwords.ts';

const entry = (text: string, tag = 'F'): string => `2026-01-01T00:00:00.000000000Z stdout ${tag} ${text}\n`;
const read = (...entries: readonly string[]): string => endOfLog(Buffer.from(entries.join('')));

describe('the end of a log', () => {
  test('only a whole entry ends a line', () => {
    assert.equal(read(entry('DONE', 'P')), 'DONE');
    assert.equal(read(entry('DONE')), 'DONE\n');
    assert.equal(read(entry('DO', 'P'), entry('NE')), 'DONE\n');
    assert.equal(read(entry('one'), entry(''), entry('two', 'P')), 'one\n\ntwo');
  });

  test('what the tail cut off, or a crash left, says nothing', () => {
    assert.equal(read('out F half a line\n', entry('whole')), 'whole\n');
    assert.equal(read(''), '');
    assert.equal(read(entry('whole'), entry('last').trimEnd()), 'whole\nlast\n');
  });

  test('80 entries and 2 KiB at most', () => {
    const many = Array.from({ length: 100 }, (_, i) => entry(String(i)));
    assert.equal(read(...many), Array.from({ length: 80 }, (_, i) => `${i + 20}\n`).join(''));
    const long = read(entry(`${'a'.repeat(3000)}z`));
    assert.equal(long.length, 2048);
    assert.ok(long.endsWith('z\n'));
  });
});

describe('last words', () => {
  const paths = { root: '/k', logs: '/l' };
  const file = '/k/pods/u1/containers/app/00000000';
  const policy = { [annotations.terminationMessagePolicy]: 'FallbackToLogsOnError' };
  const labels = { 'io.kubernetes.pod.uid': 'u1' };

  async function words(files: Readonly<Record<string, string>>, container = exited(1)): Promise<string> {
    const host = new MemoryHost();
    for (const [path, text] of Object.entries(files)) await host.write(path, text);
    return (await withLastWords(host, paths, { ...container, labels, logPath: '/log' })).message;
  }

  test('its file, before the log, at most 4096 bytes', async () => {
    assert.equal(await words({ [file]: 'bye', '/log': entry('log') }, exited(1, { annotations: policy })), 'bye');
    assert.equal((await words({ [file]: 'x'.repeat(5000) })).length, 4096);
  });

  test('the log only by policy and only of a container that failed', async () => {
    const log = { [file]: '', '/log': entry('DONE', 'P') };
    assert.equal(await words(log, exited(1, { annotations: policy })), 'DONE');
    assert.equal(await words(log, exited(1)), '');
    assert.equal(await words(log, exited(0, { annotations: policy })), '');
    assert.equal(await words({}, exited(1, { annotations: policy })), '');
  });

  test('after what the runtime says', async () => {
    assert.equal(await words({ [file]: 'bye' }, exited(1, { message: 'exec failed' })), 'exec failed: bye');
  });
});
