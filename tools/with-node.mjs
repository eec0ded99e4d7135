/*
 * Runs a script with the Node that npm brought, whatever Node the machine has:
 *
 *   node tools/with-node.mjs SCRIPT [ARGUMENT…]
 *   node tools/with-node.mjs --bin NAME [ARGUMENT…]      a program of node_modules/.bin
 *
 * First it puts in place what the script needs: the packages of the lock and the types made from them. Both are looked at by a hash, so
 * that nothing is done twice. Plain JavaScript, for any Node from 20 on.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const lock = readFileSync(join(root, 'package-lock.json'));

installPackages();
const node = findNode();
const env = {
  ...process.env,
  PATH: [join(modules, '.bin'), process.env.PATH].join(delimiter),
  // Sources are stripped and compiled once, not at every start.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, '.cache', 'compile'),
};
generateTypes();
run(process.argv.slice(2));

function installPackages() {
  const stamp = join(modules, '.keelson-lock');
  const wanted = hash([lock]);
  if (textOf(stamp) === wanted) return;
  const done = progress('Installing the npm packages of package-lock.json');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const { status, stdout, stderr, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) fail(`npm ci failed: ${error?.message ?? (stderr || stdout).trim()}`);
  writeFileSync(stamp, wanted);
  done();
}

/** The Node of the lock where there is a package for this machine; else the one that runs this, if it is new enough. */
function findNode() {
  const ours = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(ours)) return ours;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(
    `Node 24 or newer is needed on ${process.platform} ${process.arch}, and this is ${process.version}: install it from https://nodejs.org`,
  );
}

function generateTypes() {
  const types = join(root, 'libs', 'types');
  const stamp = join(types, 'generated', '.stamp');
  const sources = ['generate', 'catalogue'].flatMap((name) => filesIn(join(types, name)));
  const wanted = hash([lock, ...sources.flatMap((path) => [path.slice(types.length), readFileSync(path)])]);
  if (textOf(stamp) === wanted) return;
  const done = progress('Generating the types of the API');
  const { status, stdout, stderr } = spawnSync(node, [join(types, 'generate', 'main.ts')], { cwd: root, env, encoding: 'utf8' });
  if (status !== 0) fail(`the types could not be generated:\n${stdout}${stderr}`);
  writeFileSync(stamp, wanted);
  done();
}

function run([script, ...rest]) {
  if (script === undefined) fail('usage: node tools/with-node.mjs SCRIPT [ARGUMENT…] | --bin NAME [ARGUMENT…]');
  const [file, args] = script === '--bin' ? [join(modules, '.bin', rest[0] ?? ''), rest.slice(1)] : [node, [script, ...rest]];
  const child = spawn(file, args, { stdio: 'inherit', env });
  // A terminal sends its interrupt to the child as well: passed on, it would arrive twice.
  const passed = process.stdin.isTTY ? ['SIGTERM', 'SIGHUP'] : ['SIGTERM', 'SIGHUP', 'SIGINT'];
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(name, () => passed.includes(name) && child.kill(name));
  child.on('error', (error) => fail(`${file} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function filesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)]));
}

function hash(parts) {
  const all = createHash('sha256');
  for (const part of parts) all.update(`${part.length}:`).update(part);
  return all.digest('hex');
}

function textOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Says what is being done, and, when the function it returns is called, how long it took. */
function progress(what) {
  const start = performance.now();
  process.stderr.write(`${what} …`);
  return () => process.stderr.write(` ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
