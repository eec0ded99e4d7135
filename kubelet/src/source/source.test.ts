import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirrorOf, staticPod } from './manifest.ts';
import { planMirrors } from './mirrors.ts';

const manifest = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {a: b}}\nspec: {containers: [{name: app, image: nginx}]}\n';

test('a static pod is named after its node and known by its content', () => {
  const pod = staticPod(manifest, '/m/web.yaml', 'N1', 'now');
  assert.equal(pod.metadata?.name, 'web-n1');
  assert.equal(pod.metadata?.namespace, 'default');
  assert.equal(pod.metadata?.annotations?.['kubernetes.io/config.source'], 'file');
  assert.equal(pod.metadata?.annotations?.['kubernetes.io/config.hash'], pod.metadata?.uid);
  assert.notEqual(staticPod(manifest.replace('nginx', 'httpd'), '/m/web.yaml', 'N1', 'now').metadata?.uid, pod.metadata?.uid);
  assert.equal(staticPod(manifest, '/m/web.yaml', 'N1', 'later').metadata?.uid, pod.metadata?.uid);
  assert.throws(() => staticPod('kind: Service\n', '/m/x.yaml', 'n', ''), /not a v1 Pod/);
});

test('one mirror for each static pod, of the same manifest', () => {
  const pod = staticPod(manifest, '/m/web.yaml', 'n1', 'now');
  const mirror = mirrorOf(pod, 'n1', 'node-uid');
  assert.equal(mirror.metadata?.uid, undefined);
  assert.equal(mirror.metadata?.annotations?.['kubernetes.io/config.mirror'], pod.metadata?.uid);
  assert.equal(mirror.metadata?.ownerReferences?.[0]?.uid, 'node-uid');
  assert.deepEqual(planMirrors([pod], []), { create: [pod], remove: [] });
  assert.deepEqual(planMirrors([pod], [mirror]), { create: [], remove: [] });
  const stale = mirrorOf(staticPod(manifest.replace('nginx', 'httpd'), '/m/web.yaml', 'n1', 'now'), 'n1', undefined);
  assert.deepEqual(planMirrors([pod], [stale]), { create: [], remove: [stale] });
  assert.deepEqual(planMirrors([], [mirror]), { create: [], remove: [mirror] });
});
