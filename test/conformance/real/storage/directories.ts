import assert from 'node:assert/strict';
import { podsOf } from '../../pods.ts';
import type { Spec } from '../../specs.ts';
import { exec, output, started } from '../run.ts';
import { letters, scriptPod } from './pods.ts';

/** Where an emptyDir's files are, by Kubernetes' words for it. */
const media: Readonly<Record<string, object>> = { default: {}, tmpfs: { medium: 'Memory' } };

const path = '/test-volume';
const fsType = `awk '$2 == "${path}" {print $3}' /proc/mounts`;

/** Runs a script that sees the directory, and answers what it printed. */
function look(medium: string, run: string, user?: number): (c: Parameters<Spec>[0]) => Promise<string[]> {
  return async (c) => {
    const securityContext = { seLinuxOptions: { level: 's0' }, ...(user && { runAsUser: user }) };
    const script = { run: `umask 0; ${fsType}; ${run}`, mounts: { volume: path } };
    const pod = scriptPod(c.unique('dir'), [script], { volume: { emptyDir: media[medium] ?? {} } }, { securityContext });
    const [type, ...rest] = (await output(c, pod)).trimEnd().split('\n');
    if (medium === 'tmpfs') assert.equal(type, 'tmpfs');
    return rest;
  };
}

/** A file of that mode can be made and read. */
const holds = (user: number | undefined, mode: number, medium: string): Spec => {
  const file = `${path}/test-file`;
  const run = `echo 'new file' > ${file} && chmod ${mode.toString(8)} ${file} && cat ${file} && stat -c '%A %u' ${file}`;
  return async (c) => assert.deepEqual(await look(medium, run, user)(c), ['new file', `-${letters(mode)} ${user ?? 0}`]);
};

/** In memory it is as the kernel makes it: nobody may remove what is another's. */
const hasMode = (medium: string): Spec => {
  const wanted = medium === 'tmpfs' ? 'drwxrwxrwt 0 0' : 'drwxrwxrwx 0 0';
  return async (c) => assert.deepEqual(await look(medium, `stat -c '%A %u %g' ${path}`)(c), [wanted]);
};

const users: Readonly<Record<string, number | undefined>> = { root: undefined, 'non-root': 1001 };

const modes = Object.keys(media).flatMap((medium) =>
  Object.entries(users).flatMap(([who, user]) =>
    ['0644', '0666', '0777'].map((mode): [string, Spec] => [
      `[sig-storage] EmptyDir volumes should support (${who},${mode},${medium}) [LinuxOnly] [NodeConformance]`,
      holds(user, Number.parseInt(mode, 8), medium),
    ]),
  ),
);

/** One container writes and ends, another reads what it wrote. */
const shared: Spec = async (c) => {
  const text = 'Hello from the other container';
  const reader = { name: 'main', run: 'sleep 600', mounts: { shared: '/usr/share/volumeshare' } };
  const writer = { name: 'sub', run: `echo ${text} > /pod-data/shareddata.txt`, mounts: { shared: '/pod-data' } };
  const pod = scriptPod(c.unique('shared'), [reader, writer], { shared: { emptyDir: {} } }, { terminationGracePeriodSeconds: 0 });
  await started(c, pod);
  assert.equal(await exec(c, pod.metadata.name, ['cat', '/usr/share/volumeshare/shareddata.txt'], 'main'), `${text}\n`);
  await podsOf(c).remove(pod.metadata.name);
};

/** What pods have of emptyDir volumes. */
export const directories: Readonly<Record<string, Spec>> = {
  ...Object.fromEntries(modes),
  '[sig-storage] EmptyDir volumes volume on default medium should have the correct mode [LinuxOnly] [NodeConformance]': hasMode('default'),
  '[sig-storage] EmptyDir volumes volume on tmpfs should have the correct mode [LinuxOnly] [NodeConformance]': hasMode('tmpfs'),
  '[sig-storage] EmptyDir volumes pod should support shared volumes between containers': shared,
};
