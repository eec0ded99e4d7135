import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import { Pod } from '@keelson/types';
import { type Bench, idle, lines, namespace, patience, present, type Subtests, shell, statusOf } from './bench.ts';

/** What would disturb others. */
export const alone: Subtests = {
  async 'a kubelet that dies leaves containers running; another takes them over'(bench) {
    await bench.create('survivor', { containers: [idle({ readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } })] });
    await bench.ready('survivor');
    const containers = (): string =>
      JSON.stringify(
        [bench.pod('survivor'), bench.pod('streams')].map((pod) =>
          pod?.status?.containerStatuses?.map(({ containerID, restartCount }) => [containerID, restartCount]),
        ),
      );
    const before = containers();
    process.kill(bench.cluster.pid('kubelet'), 'SIGKILL');
    await bench.remove('streams');
    await bench.cluster.up();
    await bench.gone('streams');
    await bench.ready('survivor');
    await bench.create('after', { containers: [idle()] });
    await bench.running('after');
    assert.equal(JSON.parse(containers())[0].join(), JSON.parse(before)[0].join());
    assert.match(await bench.exec('survivor', 'echo still'), /still/);
  },

  async 'static pods from a directory have mirrors; logs are rotated'(bench) {
    const manifests = join(bench.work, 'manifests');
    mkdirSync(manifests);
    const file = join(manifests, 'web.json');
    const manifest = (word: string): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'static', namespace },
        spec: { terminationGracePeriodSeconds: 1, containers: [idle({ env: [{ name: 'WORD', value: word }] })] },
      });
    writeFileSync(file, manifest('one'));
    const name = `static-${bench.cluster.netns}`;
    const kubelet = await withFlags(bench, [
      `--pod-manifest-path=${manifests}`,
      '--container-log-max-size=100Ki',
      '--container-log-max-files=3',
    ]);
    try {
      const mirror = await bench.running(name);
      assert.equal(mirror.metadata?.annotations?.['kubernetes.io/config.source'], 'file');
      assert.equal(mirror.metadata?.ownerReferences?.[0]?.kind, 'Node');
      assert.match(await bench.exec(name, 'echo $WORD'), /one/);
      await bench.remove(name, 0);
      await bench.until(name, 'has a new mirror', (pod) => pod.metadata?.uid !== mirror.metadata?.uid && pod.status?.phase === 'Running');
      assert.equal(statusOf(bench.pod(name)).containerID, statusOf(mirror).containerID, 'the pod itself went on');
      writeFileSync(file, manifest('two'));
      await bench.until(
        name,
        'runs anew',
        (pod) => pod.status?.phase === 'Running' && statusOf(pod).containerID !== statusOf(mirror).containerID,
      );
      assert.match(await bench.exec(name, 'echo $WORD'), /two/);
      await rotated(bench);
      rmSync(file);
      await bench.gone(name);
    } finally {
      kubelet.kill('SIGTERM');
      await eventually(() => kubelet.exitCode !== null || kubelet.signalCode !== null, {
        deadlineMs: patience,
        message: 'the kubelet has ended',
      });
      await bench.cluster.up();
    }
  },

  async 'pods that are gone leave nothing on the node'(bench) {
    const all = (await bench.api.list(Pod, { namespace })).items.map(({ metadata }) => present(metadata?.name));
    await Promise.all(all.map((name) => bench.remove(name).catch(() => undefined)));
    for (const name of all) await bench.gone(name);
    const kubelet = join(bench.cluster.dataDir, 'kubelet', bench.cluster.netns);
    const left = (): string[] => [
      ...['pods', 'pods-logs'].flatMap((each) => readdirSync(join(kubelet, each))),
      ...lines(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) => line.includes(`${kubelet}/pods`)),
      ...readdirSync('/sys/fs/cgroup').flatMap((each) => podCgroups(join('/sys/fs/cgroup', each, `kubepods-${bench.cluster.netns}`))),
    ];
    await eventually(() => left().length === 0, { deadlineMs: patience }).catch(() => assert.deepEqual(left(), []));
  },
};

function podCgroups(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true })
    .map(String)
    .filter((each) => /\/pod[^/]*$/.test(each));
}

/** The kubelet anew, with more flags. */
async function withFlags({ cluster }: Bench, flags: readonly string[]): Promise<ChildProcess> {
  const pid = cluster.pid('kubelet');
  const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  process.kill(pid, 'SIGKILL');
  await eventually(() => !existsSync(`/proc/${pid}`), { deadlineMs: patience });
  return spawn('nsenter', [`--net=/run/netns/${cluster.netns}`, ...command, ...flags], { stdio: 'ignore' });
}

async function rotated(bench: Bench): Promise<void> {
  const pod = await bench.create('rotate', {
    containers: [
      shell(
        'i=0; while [ $i -lt 4000 ]; do echo "$i: a line that fills the log, so that it has to be moved aside"; i=$((i+1)); done; sleep 3600',
      ),
    ],
  });
  await bench.running('rotate');
  const directory = join(
    bench.cluster.dataDir,
    'kubelet',
    bench.cluster.netns,
    'pods-logs',
    `${namespace}_rotate_${pod.metadata?.uid}`,
    'c',
  );
  await eventually(() => readdirSync(directory).length >= 2, { deadlineMs: patience, message: 'the log was moved aside' });
  await bench.exec('rotate', 'echo after >/proc/1/fd/1');
  await eventually(async () => (await bench.log('rotate')).endsWith('after\n'), {
    deadlineMs: patience,
    message: 'the new log is written',
  });
}
