import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cannotRunContainers } from './testnode.ts';

const skip = await cannotRunContainers();

test('a real containerd, in a network namespace of its own', { skip: skip ?? false }, async (t) => {
  const netns = `containerd-${process.pid}`;
  const command = async (file: string, args: readonly string[]): Promise<{ code: number; output: string }> => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...env, TEST_NETNS: netns } });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    const [code] = await once(child, 'close');
    return { code, output };
  };
  await command('ip', ['netns', 'add', netns]);
  t.after(() => command('ip', ['netns', 'delete', netns]));
  const inside = ['nsenter', `--net=/run/netns/${netns}`];
  await command('nsenter', [...inside.slice(1), 'ip', 'link', 'set', 'lo', 'up']);
  const file = fileURLToPath(new URL('./containerd.inside.ts', import.meta.url));
  const { code, output } = await command('nsenter', [...inside.slice(1), process.execPath, '--test', '--test-reporter=spec', file]);
  t.diagnostic(output);
  assert.equal(code, 0, output);
});
