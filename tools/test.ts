/**
 * `node tools/test.ts` is `npm test`: types and lint, then every test, the cheapest first. `node tools/test.ts FOLDER…` runs only the
 * tests in these folders. The last line is `N passed, N failed`; the exit code is not 0 when something failed or nothing ran.
 * A file that fails in the whole run is run once more, alone, when all others are done: what passes then is called flaky, aloud, and does not
 * fail the run (docs/decisions/flaky-tests.md).
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Test files that run together, after the stage before them. */
interface Stage {
  readonly name: string;
  readonly files: readonly string[];
}

interface Tally {
  passed: number;
  failed: number;
  readonly skipped: string[];
  readonly failures: string[];
  readonly flaky: string[];
  /** What was run and failed; a test may have been defined elsewhere. */
  readonly files: Set<string>;
}

const root = join(import.meta.dirname, '..');
/** Test files at a time: each is a process. */
const concurrency = 2;
/** Milliseconds: a test that takes longer hangs, and so does the whole, whose report then names the files that did not end. */
const [testLimit, wholeLimit] = [10 * 60_000, 80 * 60_000];
/** A file has a limit of its own. */
const execArgv = ['--import', join(root, 'tools/file-limit.ts')];

/** Files that are tried again, at most: where more fail, it is no accident. */
const forgiven = 3;

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
const stop = AbortSignal.any([interrupted.signal, AbortSignal.timeout(wholeLimit)]);

const folders = process.argv.slice(2);
const tally = newTally();
const lintPassed = folders.length > 0 || (await typecheckAndLint());
for (const stage of folders.length > 0 ? [{ name: folders.join(' '), files: testsIn(folders) }] : allStages()) await runStage(stage, tally);
if (folders.length === 0) await tryAgain();
report();

function newTally(): Tally {
  return { passed: 0, failed: 0, skipped: [], failures: [], flaky: [], files: new Set() };
}

/** The cheapest first; real processes and containers end it. */
function allStages(): Stage[] {
  const all = testsIn(['.']);
  const [first, last] = ['test/tidy/', 'test/e2e/'];
  const within = (folder: string): string[] => all.filter((path) => path.startsWith(folder));
  return [
    { name: 'tidy', files: within(first) },
    { name: 'packages', files: all.filter((path) => !path.startsWith('test/')) },
    { name: 'clusters in one process', files: within('test/').filter((path) => !path.startsWith(first) && !path.startsWith(last)) },
    { name: 'real processes and containers', files: within(last) },
  ];
}

/** Paths from the root, in order. */
function testsIn(roots: readonly string[]): string[] {
  const exclude = ['**/node_modules', '**/dist', '**/.*'];
  return roots.flatMap((folder) => globSync(join(folder, '**/*.test.ts'), { cwd: root, exclude })).sort();
}

async function typecheckAndLint(): Promise<boolean> {
  console.log('── types and lint');
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const args = ['run-many', '-t', 'typecheck', 'lint', '--outputStyle=static'];
  const child = spawn(process.execPath, [nx, ...args], { cwd: root, stdio: 'inherit', signal: stop });
  const code = await once(child, 'exit').then(
    ([status]) => status as number | null,
    () => null,
  );
  if (code !== 0) fail('types and lint', tally);
  return code === 0;
}

async function runStage({ name, files }: Stage, tally: Tally, atATime = concurrency): Promise<Tally> {
  if (stop.aborted) return tally;
  console.log(`── ${name}: ${files.length === 0 ? 'no tests' : `${files.length} files`}`);
  if (files.length === 0) return tally;
  const began = performance.now();
  const paths = files.map((path) => join(root, path));
  const events = run({ files: paths, cwd: root, concurrency: atATime, timeout: testLimit, signal: stop, execArgv });
  events.on('test:pass', ({ name: test, skip, file }) => {
    if (skip !== undefined && skip !== false) tally.skipped.push(`${where(file)} ${test}${typeof skip === 'string' ? `: ${skip}` : ''}`);
    // Node reports a file in which no test was defined as a test of the file's name.
    else if (paths.includes(test)) {
      tally.passed -= 1;
      fail(`${where(test)}: a test file without a test`, tally);
    }
  });
  events.on('test:fail', ({ name: test, file, details, todo }) => {
    if (todo === undefined && details.type !== 'suite') tally.failures.push(`${where(file)} ${test}`);
  });
  events.on('test:summary', ({ file, counts, success }) => {
    if (file !== undefined && !success) tally.files.add(where(file));
    if (file !== undefined) return;
    tally.passed += counts.passed;
    tally.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
  });
  const lines = events.compose(spec);
  lines.pipe(process.stdout, { end: false });
  await finished(lines, { writable: false });
  console.log(`── ${name}: ${Math.round((performance.now() - began) / 1000)} s`);
  return tally;
}

async function tryAgain(): Promise<void> {
  const { files } = tally;
  if (files.size === 0 || files.size > forgiven || !lintPassed) return;
  const again = await runStage({ name: 'once more', files: [...files] }, newTally(), 1);
  if (again.failed > 0 || stop.aborted) return;
  tally.flaky.push(...tally.failures.splice(0));
  tally.passed += tally.failed;
  tally.failed = 0;
}

function where(file: string | undefined): string {
  return file === undefined ? '' : relative(root, file);
}

function fail(what: string, tally: Tally): void {
  tally.failed += 1;
  tally.failures.push(what);
}

function report(): void {
  if (stop.aborted) fail('interrupted, or out of time', tally);
  if (tally.skipped.length > 0) console.log(`\nSkipped:\n${tally.skipped.map((one) => `  ${one}`).join('\n')}`);
  tell('Flaky: failed at first, passed when tried once more', tally.flaky);
  tell('Failed', tally.failures);
  console.log(`\n${tally.passed} passed, ${tally.failed} failed`);
  const ran = tally.passed + tally.skipped.length > 0;
  process.exitCode = ran && tally.failed === 0 ? 0 : 1;
}

function tell(title: string, failures: readonly string[]): void {
  if (failures.length > 0) console.log(`\n${title}:\n${failures.map((one) => `  ${one}`).join('\n')}`);
}
