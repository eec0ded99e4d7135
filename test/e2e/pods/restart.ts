import assert from 'node:assert/strict';
import { lines, type Subtests, shell, statusOf } from './bench.ts';

const volumes = [{ name: 'v', emptyDir: {} }];
const volumeMounts = [{ name: 'v', mountPath: '/v' }];
const on = (action: string, code: number): object => ({
  restartPolicy: 'Never',
  restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [code] } }],
});

/** Containers that come back by rules of their own. */
export const restart: Subtests = {
  async 'restart rules: one container of a pod that restarts none'(bench) {
    const script = 'echo $HOSTNAME >>/v/runs; [ $(wc -l </v/runs) -ge 2 ] && exit 0; exit 42';
    const other = shell('sleep 1', { name: 'other' });
    await bench.create('rule-one', {
      restartPolicy: 'Never',
      volumes,
      containers: [shell(script, { volumeMounts, ...on('Restart', 42) }), other],
    });
    const pod = await bench.ended('rule-one');
    assert.deepEqual(
      [pod.status?.phase, statusOf(pod).restartCount, statusOf(pod).lastState?.terminated?.exitCode, statusOf(pod, 'other').restartCount],
      ['Succeeded', 1, 42, 0],
    );
    await bench.create('rule-none', { restartPolicy: 'Never', containers: [shell('exit 41', on('Restart', 42))] });
    assert.equal((await bench.ended('rule-none')).status?.phase, 'Failed');
  },

  async 'restart rules: the whole pod, where it is'(bench) {
    const first = '[ $(wc -l </v/setups) -ge 2 ]';
    const setup = shell('hostname -i >>/v/setups', { name: 'setup', volumeMounts });
    const watcher = shell(`while ! [ -e /v/go ] || ${first}; do sleep 0.1; done; exit 88`, {
      name: 'watcher',
      volumeMounts,
      ...on('RestartAllContainers', 88),
      restartPolicy: 'Always',
    });
    const app = shell(`${first} && cat /v/setups && exit 0; touch /v/go; sleep 86400`, { volumeMounts });
    await bench.create('rule-all', { restartPolicy: 'Never', volumes, initContainers: [setup, watcher], containers: [app] });
    const begun = await bench.until('rule-all', 'has begun', ({ status }) => status?.podIP);
    const pod = await bench.ended('rule-all');
    assert.deepEqual(
      [pod.status?.phase, ...['setup', 'watcher', 'c'].map((name) => statusOf(pod, name).restartCount)],
      ['Succeeded', 1, 1, 1],
    );
    assert.equal(pod.status?.podIP, begun.status?.podIP);
    assert.deepEqual(lines(await bench.log('rule-all', 'container=c')), [pod.status?.podIP, pod.status?.podIP]);
    const condition = pod.status?.conditions?.find(({ type }) => type === 'AllContainersRestarting');
    assert.deepEqual([condition?.status, condition?.reason], ['False', 'PodCompleted']);
    assert.deepEqual(statusOf(pod).lastState?.terminated?.exitCode, 137);
  },
};
