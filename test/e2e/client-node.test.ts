import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@keelson/testing';
import * as k8s from '@kubernetes/client-node';
import { RealCluster, whyNotReal } from './cluster.ts';

const skip = whyNotReal();
if (skip) process.stderr.write(`the official JavaScript client: skipped, ${skip}\n`);

describe('the official JavaScript client', { skip: skip ?? false, timeout: 300_000 }, () => {
  const cluster = skip ? (undefined as unknown as RealCluster) : new RealCluster('js');
  const config = new k8s.KubeConfig();

  before(async () => {
    await cluster.up();
    config.loadFromFile(cluster.kubeconfig);
  });
  after(() => cluster.down());

  test('lists, informs, patches and follows logs', async () => {
    const core = config.makeApiClient(k8s.CoreV1Api);
    const namespace = 'default';
    const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace }));
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, (pod: k8s.V1Pod) => seen.push(`${verb} ${pod.metadata?.name}`));
    await informer.start();
    const command = ['sh', '-c', 'i=0; while true; do echo line $i; i=$((i+1)); sleep 0.2; done'];
    const spec = {
      containers: [{ name: 'talk', image: 'busybox:1.37', imagePullPolicy: 'IfNotPresent', command }],
      terminationGracePeriodSeconds: 0,
    };
    await eventually(
      async () =>
        core.readNamespacedServiceAccount({ name: 'default', namespace }).then(
          () => true,
          () => false,
        ),
      { deadlineMs: 10_000, message: 'the default service account exists' },
    );
    await core.createNamespacedPod({ namespace, body: { metadata: { name: 'talker' }, spec } });
    await eventually(async () => (await core.readNamespacedPod({ name: 'talker', namespace })).status?.phase === 'Running', {
      deadlineMs: 30_000,
      message: 'the pod runs',
    });
    const patch = [{ op: 'add', path: '/metadata/labels', value: { patched: 'yes' } }];
    await core.patchNamespacedPod(
      { name: 'talker', namespace, body: patch },
      k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch),
    );
    assert.equal((await core.listNamespacedPod({ namespace, labelSelector: 'patched=yes' })).items.length, 1);
    const out = new PassThrough();
    let text = '';
    out.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const ended = once(out, 'end');
    await new k8s.Log(config).log(namespace, 'talker', 'talk', out, { follow: true });
    await eventually(async () => /line 0[\s\S]*line 5/.test(text), { deadlineMs: 15_000, message: 'log lines arrive' });
    await core.deleteNamespacedPod({ name: 'talker', namespace });
    await eventually(async () => seen.includes('delete talker'), { deadlineMs: 30_000, message: 'the informer told of the deletion' });
    await ended;
    assert.ok(seen.includes('add talker') && seen.includes('update talker'), seen.join(', '));
    await informer.stop();
  });
});
