import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import type { Pod } from '@keelson/types';
import { root, run } from '../cluster.ts';
import { type Bench, idle, image, lines, namespace, patience, type Subtests, shell, statusOf } from './bench.ts';

/** Images, logs, exec, and what the status says. */
export const imagesAndStreams: Subtests = {
  async 'images that cannot be had, commands that are not there'(bench) {
    await bench.create('no-image', { containers: [{ name: 'c', image: '127.0.0.1:9/none:1' }] });
    await bench.create('never-pull', { containers: [{ name: 'c', image: 'nowhere/none:1', imagePullPolicy: 'Never' }] });
    await bench.create('bad-name', { containers: [{ name: 'c', image: 'Not_A/Name!' }] }).catch(() => undefined);
    await bench.create('no-command', { containers: [{ name: 'c', image, command: ['/not/there'] }] });
    await bench.create('no-command-never', { restartPolicy: 'Never', containers: [{ name: 'c', image, command: ['/not/there'] }] });
    const waits = (name: string, reason: string): Promise<Pod> =>
      bench.until(name, `waits: ${reason}`, (pod) => statusOf(pod).state?.waiting?.reason === reason);
    const first = await waits('no-image', 'ErrImagePull');
    assert.match(statusOf(first).state?.waiting?.message ?? '', /127\.0\.0\.1:9\/none:1/);
    const second = await waits('no-image', 'ImagePullBackOff');
    assert.match(statusOf(second).state?.waiting?.message ?? '', /^Back-off pulling image "127\.0\.0\.1:9\/none:1"/);
    for (const [reason, message] of [
      ['Pulling', /^Pulling image/],
      ['Failed', /^Failed to pull image/],
      ['Failed', /^Error: ErrImagePull$/],
      ['BackOff', /^Back-off pulling image/],
      ['Failed', /^Error: ImagePullBackOff$/],
    ] as const)
      await bench.event('no-image', reason, message);
    const never = await waits('never-pull', 'ErrImageNeverPull');
    assert.equal(statusOf(never).state?.waiting?.message, 'Container image "nowhere/none:1" is not present with pull policy of Never');
    await bench.event('never-pull', 'ErrImageNeverPull');
    if (bench.pod('bad-name')) await waits('bad-name', 'InvalidImageName');
    const bad = await bench.until(
      'no-command',
      'could not start',
      (pod) => statusOf(pod).lastState?.terminated ?? /RunContainerError|CrashLoopBackOff/.test(statusOf(pod).state?.waiting?.reason ?? ''),
    );
    await bench.event('no-command', 'Failed', /not\/there.*no such file/);
    await bench.until(
      'no-command',
      'is tried again',
      (pod) => statusOf(pod).restartCount >= 1 && /RunContainerError|CrashLoopBackOff/.test(statusOf(pod).state?.waiting?.reason ?? ''),
    );
    assert.equal(bad.status?.phase, 'Running');
    const failed = await bench.ended('no-command-never');
    assert.deepEqual(
      [failed.status?.phase, statusOf(failed).state?.terminated?.reason, statusOf(failed).state?.terminated?.exitCode],
      ['Failed', 'StartError', 128],
    );
  },

  async 'ephemeral containers join a running pod'(bench) {
    await bench.create('debugged', { containers: [idle()] });
    await bench.running('debugged');
    const ephemeralContainers = [{ name: 'debug', image, command: ['sh', '-c', 'echo here; sleep 3600'], targetContainerName: 'c' }];
    const path = `/api/v1/namespaces/${namespace}/pods/debugged/ephemeralcontainers`;
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    const answer = await bench.api.raw({ method: 'PATCH', path, headers, body: JSON.stringify({ spec: { ephemeralContainers } }) });
    answer.destroy();
    await bench.until('debugged', 'debugger runs', (pod) => pod.status?.ephemeralContainerStatuses?.[0]?.state?.running);
    await eventually(async () => (await bench.log('debugged', 'container=debug')) === 'here\n', { deadlineMs: patience });
    assert.match(await bench.exec('debugged', 'echo hi', 'debug'), /hi/);
  },

  async 'logs: previous, since, tail, timestamps, limits, much'(bench) {
    await bench.create('logs', { containers: [shell('echo one; echo two >&2; sleep 1; echo three; sleep 3600')] });
    await bench.create('logs-before', { containers: [shell('[ -e /dev/shm/x ] || echo run one; exit 1')] });
    const much = await bench.output('logs-much', {
      containers: [
        shell(
          'i=0; while [ $i -lt 20000 ]; do echo "line $i of a text that is long enough to fill a buffer or two"; i=$((i+1)); done; head -c 100000 /dev/zero | tr "\\0" x',
        ),
      ],
    });
    assert.equal(lines(much).length, 20_001);
    assert.equal(much.length, lines(much).slice(0, -1).join('\n').length + 1 + 100_000);
    await eventually(async () => (await bench.log('logs')).includes('three'), { deadlineMs: patience });
    assert.equal(
      lines(await bench.log('logs'))
        .sort()
        .join(),
      'one,three,two',
    );
    assert.equal(await bench.log('logs', 'tailLines=1'), 'three\n');
    assert.equal(await bench.log('logs', 'limitBytes=2&tailLines=1'), 'th');
    assert.match(await bench.log('logs', 'timestamps=true&tailLines=1'), /^\d{4}-\d\d-\d\dT[\d:.]+Z three\n$/);
    const stamp = (await bench.log('logs', 'timestamps=true&tailLines=1')).split(' ')[0] ?? '';
    assert.equal(
      await bench
        .log('logs', `sinceTime=${encodeURIComponent(new Date(Math.floor(Date.parse(stamp) / 1000) * 1000).toISOString())}`)
        .then((text) => text.includes('three')),
      true,
    );
    await bench.until('logs-before', 'was restarted', (pod) => statusOf(pod).restartCount >= 1);
    assert.match(await bench.log('logs-before', 'previous=true'), /^run one\n$/);
    await assert.rejects(bench.log('logs', 'previous=true'), /previous terminated container "c" in pod "logs" not found/);
    assert.match(await bench.kubectl('logs', 'logs', '--since=1h', '--timestamps'), /Z one/);
  },

  async 'exec, attach and port-forward'(bench) {
    const chat = { ...idle(), name: 'chat', command: ['sh', '-c', 'while read line; do echo "got $line"; done'], stdin: true };
    await bench.create('streams', { containers: [idle(), chat, { name: 'web', image: 'keelson/hello:v1' }] });
    await bench.running('streams');
    const big = Buffer.alloc(3 << 20, 'abcdefg\n');
    assert.equal(lines(await bench.exec('streams', `head -c ${big.length} | wc -c`, 'c', big))[0]?.trim(), String(big.length));
    assert.equal((await bench.exec('streams', 'head -c 8000000 /dev/zero | tr "\\0" y')).length, 8_000_000);
    const result = await bench.kubectl.run(['exec', '-i', 'streams', '-c', 'c', '--', 'sh', '-c', 'cat; echo bad >&2; exit 9'], 'through');
    assert.deepEqual([result.code, result.stdout, result.stderr.includes('bad')], [9, 'through', true]);
    const attached = await bench.kubectl.run(['attach', '-i', 'streams', '-c', 'chat'], 'hello\n');
    await eventually(async () => (await bench.log('streams', 'container=chat')).includes('got hello'), {
      deadlineMs: patience,
      message: `attach: ${JSON.stringify(attached)}`,
    });
    await terminal(bench);
    await forwarded(bench);
  },

  async 'status: conditions, times, generation'(bench) {
    await bench.create('status', { containers: [idle()] });
    const { status, metadata } = await bench.ready('status');
    assert.deepEqual(status?.conditions?.map(({ type }) => type).sort(), [
      'ContainersReady',
      'Initialized',
      'PodReadyToStartContainers',
      'PodScheduled',
      'Ready',
    ]);
    assert.equal(status?.observedGeneration, metadata?.generation);
    assert.ok(status?.conditions?.every((each) => each.status === 'True' && each.observedGeneration === metadata?.generation));
    assert.equal(statusOf(bench.pod('status')).containerID?.slice(0, 13), 'containerd://');
    const patched = await bench.patch('status', { spec: { activeDeadlineSeconds: 3600 } });
    await bench.until('status', 'is observed', (pod) => Number(pod.status?.observedGeneration) === Number(patched.metadata?.generation));
    await bench.patch('status', { spec: { containers: [{ name: 'c', image: 'keelson/hello:v1' }] } });
    const restarted = await bench.until(
      'status',
      'has the new image',
      (pod) => /hello:v1/.test(statusOf(pod).image ?? '') && statusOf(pod).state?.running,
    );
    assert.equal(statusOf(restarted).restartCount, 1);
    await bench.event('status', 'Killing', /^Container c definition changed, will be restarted$/);
  },
};

/** A terminal's size reaches the program in it, also when it changes. */
async function terminal(bench: Bench): Promise<void> {
  const kubectl = ['node', join(root, 'kubectl/bin/kubectl.mjs'), '--kubeconfig', bench.cluster.kubeconfig];
  const command = [...kubectl, 'exec', '-it', 'streams', '-c', 'c', '--', 'sh', '-c', "'tty; sleep 1; stty size; echo end'"].join(' ');
  const { stdout } = await run('script', ['-qec', `stty rows 33 cols 77; ${command}`, '/dev/null'], { timeout: 20_000 });
  // `script` adds carriage returns of its own, and a NUL where its input has ended.
  assert.match(stdout.replaceAll('^@', ''), /\/dev\/pts\/0[\r\n]+33 77[\r\n]+end/);
}

async function forwarded(bench: Bench): Promise<void> {
  const seen: string[] = [];
  const forward = bench.kubectl.follow(['port-forward', 'pod/streams', ':8080'], (line) => seen.push(line));
  try {
    const port = await eventually(() => Number(/127\.0\.0\.1:(\d+)/.exec(seen.join('\n'))?.[1]), {
      deadlineMs: patience,
      message: 'port-forward says its port',
    });
    const get = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = createConnection(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
        let text = '';
        socket.on('data', (data) => {
          text += data.toString();
        });
        socket.on('end', () => resolve(text)).on('error', reject);
      });
    for (const answer of await Promise.all([get(), get(), get()])) assert.match(answer, /200 OK[\s\S]*hello/i);
  } finally {
    forward.stop();
  }
}
