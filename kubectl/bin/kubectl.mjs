#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: finds the Node 24 that npm installed, and runs kubectl with it. From one file where `npm run up`
// made one and its sources have not changed since: that takes a quarter of the time.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));

/** The first of the folders above this one that has `path`. */
function above(path) {
  for (let folder = here; ; folder = dirname(folder)) {
    const file = join(folder, path);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Whether the sources are as they were when the bundle was made of them. */
function isCurrent(bundle) {
  const folder = dirname(bundle);
  const { sources } = JSON.parse(readFileSync(join(folder, 'sources.json'), 'utf8'));
  return Object.entries(sources).every(([path, state]) => {
    const { mtimeMs, size } = statSync(join(folder, '../..', path), { throwIfNoEntry: false }) ?? {};
    return state === `${mtimeMs} ${size}`;
  });
}

const node = above(`node_modules/node-${process.platform}-${process.arch}/bin/node`) ?? process.execPath;
const bundle = above('dist/kubectl/main.js');
const source = join(here, '../src/main.ts');
const main = bundle && (isCurrent(bundle) || !existsSync(source)) ? bundle : source;
const args = ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)];

if (typeof process.execve === 'function') {
  process.execve(node, [node, ...args], process.env);
}

// Terminal signals reach the child by itself: both stand in one process group.
const child = spawn(node, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
child.on('error', (error) => {
  console.error(`error: cannot run ${node}: ${error.message}`);
  process.exit(1);
});
