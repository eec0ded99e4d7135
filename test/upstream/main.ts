import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, whyNotReal } from '../e2e/cluster.ts';
import { Lab, type Machine } from '../e2e/machines/lab.ts';
import { writeImages } from './images.ts';
import { reasonFor } from './known.ts';
import { loadImages, startCluster } from './machines.ts';
import { type Built, buildSuite } from './source.ts';

/*
 * `node test/upstream/main.ts [--beyond] [--focus REGEXP] [--skip REGEXP]`: builds upstream's own end-to-end suite and runs its conformance
 * specs, those beyond them, or those that `--focus` names, against two machines of ours. About an hour after the first build. Ends with 1
 * when a spec fails that is not known to.
 */
const { values } = parseArgs({
  options: { beyond: { type: 'boolean', default: false }, focus: { type: 'string' }, skip: { type: 'string', default: 'NOTHING' } },
});
/** What optional specs are left out: those of features, and those that need more than a cluster, such as images that cannot be made here. */
const needs = [
  'Pod Disks',
  'PersistentVolumes NFS',
  'CSI mock',
  'Regional PD',
  'PersistentVolumes GCEPD',
  'ESIPP',
  'Firewall rule',
  'Multi-AZ',
];
const tags = ['Conformance', 'Feature:[^]]*', 'Disruptive', 'Flaky', 'Alpha[^]]*', 'sig-windows'].map((tag) => String.raw`\[${tag}\]`);
const beyond = [...tags, ...needs, 'Driver: (nfs|gluster|ceph|rbd|iscsi|cinder|gcepd|vsphere|azure|aws|csi|pd|local|windows)'].join('|');
const set = values.beyond ? { focus: '', skip: beyond } : { focus: String.raw`.*\[Conformance\]`, skip: 'NOTHING' };
/** What can run side by side; what wants the cluster for itself comes after. */
const areas = [
  String.raw`\[sig-(api-machinery|apps|auth|instrumentation)\]`,
  String.raw`\[sig-(network|cli)\]`,
  String.raw`\[(sig-storage|sig-node|sig-scheduling|sig-autoscaling|k8s\.io)\]`,
];

const dir = join(root, '.cache/upstream');
/** They stay when the cluster is gone. */
const logs = join(dir, 'logs');

const say = (what: string): void => void process.stdout.write(`${what}\n`);

interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

async function runSuite(built: Built, admin: Machine, name: string, focus: string, skip: string): Promise<Outcome> {
  const log = join(logs, `${name}.log`);
  const kubeconfig = join(admin.root, 'etc/kubernetes/admin.conf');
  const server = /server: (\S+)/.exec(await readFile(kubeconfig, 'utf8'))?.[1] ?? '';
  const flags = ['-kubeconfig', kubeconfig, '-host', server, '-provider', 'skeleton', '-repo-root', built.tree];
  const patience = ['-num-nodes', '2', '-node-schedulable-timeout', '60s', '-disable-log-dump', '-dump-logs-on-failure=false'];
  const choice = ['-ginkgo.focus', focus, '-ginkgo.skip', skip, '-ginkgo.noColor'];
  const [within = '', ...command] = admin.within([built.suite, ...flags, ...patience, ...choice]);
  const child = spawn(within, command, { cwd: built.tree, stdio: ['ignore', 'pipe', 'pipe'] });
  const file = createWriteStream(log);
  child.stdout.pipe(file);
  child.stderr.pipe(file);
  await once(child, 'exit');
  const text = await readFile(log, 'utf8');
  const told = (verdict: string): string[] =>
    [...text.matchAll(new RegExp(`"msg":"${verdict} ([^"]*)"`, 'g'))].map(([, title = '']) => title);
  return { passed: told('PASSED'), failed: told('FAILED') };
}

const why = whyNotReal();
if (why) throw new Error(`upstream's suite needs real containers: ${why}`);
await mkdir(logs, { recursive: true });
const built = await buildSuite(dir, say);
const lab = new Lab({ name: 's', machines: 2 });
const outcomes: Outcome[] = [];
try {
  const admin = await startCluster(lab);
  await loadImages(lab, await writeImages(built, dir));
  const { focus, skip } = values;
  const together = focus ? [focus] : areas.map((area) => area + set.focus);
  say(`running ${together.length} at a time; their logs are in ${logs}`);
  const one = (pattern: string, n: number): Promise<Outcome> =>
    runSuite(built, admin, String(n), pattern, focus ? skip : `${set.skip}|${String.raw`\[Serial\]`}`);
  outcomes.push(...(await Promise.all(together.map(one))));
  if (!focus) outcomes.push(await runSuite(built, admin, 'serial', String.raw`\[Serial\]${set.focus}`, set.skip));
} finally {
  await lab.close();
}
const passed = new Set(outcomes.flatMap((outcome) => outcome.passed));
const failed = [...new Set(outcomes.flatMap((outcome) => outcome.failed))];
const unknown = failed.filter((title) => reasonFor(title) === undefined);
for (const title of failed) say(`${reasonFor(title) ? `not possible (${reasonFor(title)})` : 'FAILED'}: ${title}`);
say(`${passed.size} passed, ${unknown.length} failed, ${failed.length - unknown.length} cannot pass`);
process.exitCode = unknown.length > 0 ? 1 : 0;
