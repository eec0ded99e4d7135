import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@keelson/base';
import { Pod } from '@keelson/types';
import { idle, isReady, namespace, present, type Subtests, shell, statusOf } from './bench.ts';

/** How containers start, are watched, and end. */
export const lifecycle: Subtests = {
  async 'init containers run one after another, before the others'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const init = ['i1', 'i2'].map((name) => shell(`sleep 0.2; echo ${name} >>/v/order`, { name, volumeMounts }));
    assert.equal(
      await bench.output('init', { initContainers: init, containers: [shell('cat /v/order', { volumeMounts })], volumes }),
      'i1\ni2\n',
    );
    const { status } = present(bench.pod('init'));
    assert.deepEqual(
      status?.initContainerStatuses?.map(({ state, ready }) => [state?.terminated?.reason, ready]),
      [
        ['Completed', true],
        ['Completed', true],
      ],
    );
    assert.equal(status?.conditions?.find(({ type }) => type === 'Initialized')?.reason, 'PodCompleted');
    const failing = { initContainers: [shell('exit 3', { name: 'bad' }), shell('true', { name: 'never' })], containers: [shell('true')] };
    await bench.create('init-never', { restartPolicy: 'Never', ...failing });
    await bench.create('init-always', failing);
    const never = await bench.ended('init-never');
    assert.equal(never.status?.phase, 'Failed');
    assert.equal(statusOf(never, 'bad').state?.terminated?.exitCode, 3);
    assert.equal(statusOf(never).state?.waiting?.reason, 'PodInitializing');
    assert.equal(
      never.status?.conditions?.find(({ type }) => type === 'Initialized')?.message,
      'containers with incomplete status: [bad never]',
    );
    const again = await bench.until('init-always', 'tries again', (pod) => statusOf(pod, 'bad').restartCount >= 2);
    assert.equal(again.status?.phase, 'Pending');
    assert.equal(statusOf(again).state?.waiting?.reason, 'PodInitializing');
  },

  async 'sidecars start first, in order, and end last'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const startupProbe = { exec: { command: ['test', '-e', '/v/up'] }, periodSeconds: 1 };
    const side = (name: string, script: string, more = {}): object =>
      shell(`trap "echo ${name} ends >/proc/1/fd/1; exit 0" TERM; ${script}; while :; do sleep 0.1; done`, {
        name,
        restartPolicy: 'Always',
        volumeMounts,
        ...more,
      });
    const spec = {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 10,
      initContainers: [
        side('s1', 'sleep 1; touch /v/up', { startupProbe }),
        shell('test -e /v/up', { name: 'i', volumeMounts }),
        side('s2', 'true'),
      ],
      containers: [shell('test -e /v/up && echo main; sleep 0.5', { volumeMounts })],
      volumes,
    };
    await bench.create('sidecar', spec);
    const { status } = await bench.ended('sidecar');
    assert.equal(status?.phase, 'Succeeded');
    assert.equal(await bench.log('sidecar', 'container=c'), 'main\n');
    const ended = (name: string): number => Date.parse(String(statusOf(bench.pod('sidecar'), name).state?.terminated?.finishedAt));
    assert.ok(ended('c') <= ended('s2') && ended('s2') <= ended('s1'));
    assert.deepEqual(
      ['s1', 's2'].map((name) => statusOf(bench.pod('sidecar'), name).state?.terminated?.exitCode),
      [0, 0],
    );
  },

  async 'restart policies and exit codes'(bench) {
    const volumes = [{ name: 'v', emptyDir: {} }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    await bench.create('on-failure', {
      restartPolicy: 'OnFailure',
      containers: [shell('test -e /v/x && exit 0; touch /v/x; exit 5', { volumeMounts })],
      volumes,
    });
    await bench.create('never', { restartPolicy: 'Never', containers: [shell('exit 3'), shell('exit 0', { name: 'fine' })] });
    await bench.create('always', { containers: [shell('exit 0')] });
    const retried = await bench.ended('on-failure');
    assert.deepEqual(
      [retried.status?.phase, statusOf(retried).restartCount, statusOf(retried).lastState?.terminated?.exitCode],
      ['Succeeded', 1, 5],
    );
    const failed = await bench.ended('never');
    assert.deepEqual(
      [failed.status?.phase, statusOf(failed).state?.terminated?.exitCode, statusOf(failed).state?.terminated?.reason],
      ['Failed', 3, 'Error'],
    );
    assert.deepEqual(failed.status?.conditions?.find(({ type }) => type === 'Ready')?.reason, 'PodFailed');
    const looping = await bench.until('always', 'is held back', (pod) => statusOf(pod).state?.waiting?.reason === 'CrashLoopBackOff');
    assert.match(statusOf(looping).state?.waiting?.message ?? '', /^back-off 10s restarting failed container=c pod=always_default\(.+\)$/);
    assert.equal(looping.status?.phase, 'Running');
    assert.equal(statusOf(looping).lastState?.terminated?.reason, 'Completed');
    await bench.event('always', 'BackOff', /^Back-off restarting failed container c in pod always_default\(/);
  },

  async 'last words from the file or the log'(bench) {
    const words = (script: string, policy = 'File', more = {}): object => ({
      restartPolicy: 'Never',
      containers: [shell(script, { terminationMessagePolicy: policy, ...more })],
    });
    const log = 'FallbackToLogsOnError';
    await bench.create('words-file', words('echo -n bye >/dev/termination-log'));
    await bench.create('words-log', words('echo from the log; exit 1', log));
    await bench.create('words-part', words('echo -n DONE; exit 1', log));
    await bench.create('words-well', words('echo from the log', log));
    await bench.create('words-both', words('echo from the log; echo -n OK >/dev/termination-log', log));
    await bench.create(
      'words-path',
      words('echo -n DONE >/dev/custom', 'File', { terminationMessagePath: '/dev/custom', securityContext: { runAsUser: 1000 } }),
    );
    const message = async (name: string): Promise<string | undefined> => statusOf(await bench.ended(name)).state?.terminated?.message;
    const names = ['words-file', 'words-log', 'words-part', 'words-well', 'words-both', 'words-path'];
    assert.deepEqual(await Promise.all(names.map(message)), ['bye', 'from the log\n', 'DONE', undefined, 'OK', 'DONE']);
  },

  async 'probes restart, gate and route'(bench) {
    const fast = { periodSeconds: 1, failureThreshold: 1 };
    const web = 'mkdir /w; touch /w/ok; httpd -p 8080 -h /w;';
    const live = (script: string, livenessProbe: object): object => ({
      containers: [
        shell(`${script} sleep 3600`, { livenessProbe: { ...fast, ...livenessProbe }, ports: [{ containerPort: 8080, name: 'web' }] }),
      ],
    });
    await bench.create('live-exec', live('touch /ok; sleep 2; rm /ok;', { exec: { command: ['cat', '/ok'] } }));
    await bench.create('live-http', live(`${web} sleep 2; rm /w/ok;`, { httpGet: { path: '/ok', port: 'web' } }));
    await bench.create('live-tcp', live('', { tcpSocket: { port: 9 } }));
    await bench.create('live-grpc', live('', { grpc: { port: 9 } }));
    await bench.create('live-well', live(web, { httpGet: { path: '/ok', port: 8080 }, failureThreshold: 3, timeoutSeconds: 5 }));
    const livenessProbe = { exec: { command: ['false'] }, ...fast };
    await bench.create('startup', {
      containers: [
        shell('sleep 3; touch /ok; sleep 3600', {
          startupProbe: { exec: { command: ['cat', '/ok'] }, periodSeconds: 1, failureThreshold: 30 },
          livenessProbe,
        }),
      ],
    });
    await bench.create('unready', {
      containers: [shell('touch /ok; sleep 3600', { readinessProbe: { exec: { command: ['cat', '/ok'] }, ...fast } })],
    });
    await bench.create('gated', { readinessGates: [{ conditionType: 'example.com/gate' }], containers: [idle()] });
    await bench.running('startup');
    assert.deepEqual([statusOf(bench.pod('startup')).started, isReady(present(bench.pod('startup')))], [false, false]);
    await bench.ready('unready');
    await bench.exec('unready', 'rm /ok');
    const unready = await bench.until('unready', 'is not ready', (pod) => !isReady(pod));
    assert.equal(statusOf(unready).restartCount, 0);
    assert.equal(unready.status?.conditions?.find(({ type }) => type === 'Ready')?.message, 'containers with unready status: [c]');
    await bench.running('gated');
    assert.equal(present(bench.pod('gated')).status?.conditions?.find(({ type }) => type === 'Ready')?.reason, 'ReadinessGatesNotReady');
    const gate = { status: { conditions: [{ type: 'example.com/gate', status: 'True' }] } };
    await bench.api.patch(Pod, { namespace, name: 'gated' }, 'application/strategic-merge-patch+json', gate, { subresource: 'status' });
    await bench.ready('gated');
    for (const name of ['live-exec', 'live-http', 'live-tcp', 'live-grpc', 'startup']) {
      const pod = await bench.until(name, 'was restarted', (each) => statusOf(each).restartCount >= 1);
      assert.ok(statusOf(pod).lastState?.terminated, name);
      await bench.event(name, 'Killing', /^Container c failed liveness probe, will be restarted$/);
      await bench.event(name, 'Unhealthy', /^Liveness probe failed: /);
    }
    assert.equal(statusOf(bench.pod('live-well')).restartCount, 0);
  },

  async 'hooks and grace'(bench) {
    const volumes = [{ name: 'v', hostPath: { path: join(bench.work, 'hooks'), type: 'DirectoryOrCreate' } }];
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const exec = (script: string): object => ({ exec: { command: ['sh', '-c', script] } });
    await bench.create('hooks', {
      terminationGracePeriodSeconds: 60,
      containers: [
        idle({ volumeMounts, lifecycle: { postStart: exec('echo began >/v/began'), preStop: exec('sleep 1; echo ended >/v/ended') } }),
      ],
      volumes,
    });
    await bench.create('hook-sleep', {
      terminationGracePeriodSeconds: 60,
      containers: [idle({ lifecycle: { preStop: { sleep: { seconds: 2 } } } })],
    });
    await bench.create('hook-bad', { containers: [idle({ lifecycle: { postStart: exec('echo why >&2; exit 7') } })] });
    await bench.create('deaf', { terminationGracePeriodSeconds: 3, containers: [shell('trap "" TERM; while :; do sleep 1; done')] });
    await bench.running('hooks');
    assert.equal(readFileSync(join(bench.work, 'hooks/began'), 'utf8'), 'began\n');
    await Promise.all(['hook-sleep', 'deaf'].map((name) => bench.running(name)));
    const taken = async (name: string): Promise<number> => {
      const begun = systemClock.now();
      await bench.remove(name);
      await bench.gone(name);
      return systemClock.now() - begun;
    };
    const [hook, sleep, deaf] = await Promise.all(['hooks', 'hook-sleep', 'deaf'].map(taken));
    assert.equal(readFileSync(join(bench.work, 'hooks/ended'), 'utf8'), 'ended\n');
    // A machine that is busy with other things lets pods without requests wait for its CPUs, hooks too: for a while, not for all their grace.
    assert.ok(present(hook) >= 1000 && present(hook) < 30_000, `exec hook: ${hook} ms`);
    assert.ok(present(sleep) >= 2000 && present(sleep) < 30_000, `sleep hook: ${sleep} ms`);
    assert.ok(present(deaf) >= 2500 && present(deaf) < 25_000, `deaf: ${deaf} ms`);
    await bench.event('hook-bad', 'FailedPostStartHook', /PostStartHook failed/);
    await bench.until('hook-bad', 'comes back', (pod) => statusOf(pod).restartCount >= 1);
  },

  async 'activeDeadlineSeconds ends a pod, and can be set while it runs'(bench) {
    await bench.create('deadline', { activeDeadlineSeconds: 2, containers: [idle()] });
    await bench.create('deadline-later', { containers: [idle()] });
    await bench.running('deadline-later');
    await bench.patch('deadline-later', { spec: { activeDeadlineSeconds: 1 } });
    for (const name of ['deadline', 'deadline-later']) {
      const { status } = await bench.ended(name);
      assert.deepEqual(
        [status?.phase, status?.reason, status?.message],
        ['Failed', 'DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'],
      );
      assert.ok(statusOf(bench.pod(name)).state?.terminated);
    }
  },
};
