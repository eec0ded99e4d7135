import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Component, type OptionSpecs, runIn } from './index.ts';

/** Runs the process in testdata; sends each signal of `signals` when one more line has come on its standard error. */
function run(args: readonly string[], signals: readonly NodeJS.Signals[] = [], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testdata/process.ts'), ...args], { env: { ...process.env, ...env } });
  const output = { stdout: '', stderr: '' };
  const left = [...signals];
  child.stdout.on('data', (data) => {
    output.stdout += data;
  });
  child.stderr.on('data', (data) => {
    output.stderr += data;
    const next = left.shift();
    if (next) child.kill(next);
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...output }));
  });
}

test('a process logs JSON lines, stops on SIGTERM and exits 0', async () => {
  const { code, stderr } = await run([], ['SIGTERM']);
  const [running, stopping] = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(code, 0);
  assert.deepEqual([running.level, running.component, running.msg, running.mode], ['info', 'keelson-test', 'running', 'wait']);
  assert.match(running.ts, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.match(running.err.stack, /^Error: e\n/);
  assert.equal(stopping.msg, 'stopping');
});

test('a second signal ends it at once', async () => {
  assert.equal((await run(['--mode=stuck'], ['SIGINT', 'SIGINT'])).code, 1);
});

test('failures are one sentence and exit 1; bugs are logged and exit 1', async () => {
  assert.deepEqual(await run(['--mode=fail']), { code: 1, stdout: '', stderr: 'keelson-test: cannot open /etc/ca.crt: no such file\n' });
  assert.deepEqual(await run(['--foo']), { code: 1, stdout: '', stderr: 'keelson-test: unknown flag: --foo\n' });
  const crash = await run(['--mode=crash']);
  assert.equal(crash.code, 1);
  assert.match(crash.stderr, /"err":\{"type":"Error","message":"a bug".*"msg":"unhandled rejection"/);
});

test('options come from the environment and from a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keelson-component-'));
  try {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, 'mode: fail\n');
    assert.match((await run([`--config=${file}`])).stderr, /ca\.crt/);
    writeFileSync(file, 'version: yes\n');
    assert.match((await run(['--config', file])).stdout, /v1\.36/, 'yes is true, as Kubernetes reads YAML');
    writeFileSync(file, 'mode: [');
    const broken = await run(['--config', file]);
    assert.deepEqual([broken.code, broken.stderr.split('\n').length], [1, 2]);
    assert.match(broken.stderr, /^keelson-test: cannot read config file /);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.match((await run([], [], { KEELSON_KEELSON_TEST_MODE: 'fail' })).stderr, /ca\.crt/);
  const scraped = await run(['--mode=metrics']);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'kubernetes_build_info'])
    assert.match(scraped.stdout, new RegExp(`^${name}`, 'm'));
});

test('the same component runs inside another process', async () => {
  const options = { port: { type: 'number', default: 1, help: '' }, names: { type: 'list', default: [], help: '' } } satisfies OptionSpecs;
  const seen: unknown[] = [];
  const component: Component<typeof options> = { name: 'x', options, run: async (context) => void seen.push(context.options) };
  await runIn(component, { signal: new AbortController().signal, options: { port: 2 } });
  assert.deepEqual(seen, [{ port: 2, names: [] }]);
});
