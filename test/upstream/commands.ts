import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger } from '@keelson/base';
import { bundlePath, ensureBundles } from '../../tools/bundle.ts';
import { root } from '../e2e/cluster.ts';
import { knownStep } from './known.ts';
import { bringUpToDate } from './since.ts';
import { fetchSource } from './source.ts';

/*
 * `node test/upstream/commands.ts [--kubectl FILE] [FUNCTION…]`: upstream's tests of the command line, brought up to date, with our API
 * server and controller manager over etcd and our kubectl, or the one in FILE. All of them, or those whose functions are named
 * (`run_pod_tests`). Ten minutes. Ends with 1 when a step fails that is not known to.
 */
const { values, positionals } = parseArgs({
  options: { kubectl: { type: 'string', default: join(root, 'kubectl/bin/kubectl.mjs') } },
  allowPositionals: true,
});

const dir = join(root, '.cache/upstream');
const work = join(dir, 'commands');
const [tree, programs, temporary] = ['tree', 'programs', 'tmp'].map((name) => join(work, name)) as [string, string, string];
const [log, failures] = [join(dir, 'logs/commands.log'), join(work, 'failures')];

const say = (what: string): void => void process.stdout.write(`${what}\n`);

/** What the scripts call, each in a file of its name. */
async function writePrograms(): Promise<void> {
  await ensureBundles(silentLogger, ['apiserver', 'controller-manager', 'kubectl']);
  const node = (file: string): string => `exec ${process.execPath} ${file} "$@"`;
  const started: Record<string, string> = {
    'kube-apiserver': node(bundlePath('apiserver')),
    'kube-controller-manager': node(bundlePath('controller-manager')),
    kubectl: values.kubectl.endsWith('.mjs') ? node(values.kubectl) : `exec ${values.kubectl} "$@"`,
    // Asked only for what it runs on.
    go: 'echo linux/amd64',
  };
  await mkdir(programs, { recursive: true });
  for (const [name, line] of Object.entries(started)) await writeFile(join(programs, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
}

await rm(work, { recursive: true, force: true });
await mkdir(join(dir, 'logs'), { recursive: true });
const source = await fetchSource(dir, say);
for (const folder of ['hack', 'third_party/forked', 'test/cmd', 'test/fixtures', 'test/e2e/testing-manifests', 'api'])
  await cp(join(source, folder), join(tree, folder), { recursive: true });
await bringUpToDate(tree);
await writePrograms();
await mkdir(temporary, { recursive: true });
await writeFile(failures, '');

say(`running; the log is ${log}`);
const script = [join(import.meta.dirname, 'commands.sh'), tree, programs, failures, ...positionals];
const child = spawn('unshare', ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash', ...script], {
  env: { HOME: temporary, TMPDIR: temporary, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' },
  stdio: ['ignore', 'pipe', 'pipe'],
});
const file = createWriteStream(log);
child.stdout.pipe(file);
child.stderr.pipe(file);
await once(child, 'exit');

const steps = (await readFile(failures, 'utf8')).split('\n').filter(Boolean);
const unknown = steps.filter((step) => !knownStep(step));
for (const step of unknown) say(`FAILED: ${step}`);
const ran = (await readFile(log, 'utf8')).match(/^=== /gm)?.length ?? 0;
say(`${ran} functions, ${unknown.length} steps failed, ${steps.length - unknown.length} cannot pass`);
process.exitCode = unknown.length > 0 || ran === 0 ? 1 : 0;
