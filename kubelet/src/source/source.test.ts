import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Api, ApiError } from '@keelson/client';
import type { Pod, Status } from '@keelson/types';
import type { ApiSource } from './api.ts';
import { mirrorOf, staticPod } from './manifest.ts';
import { planMirrors, syncMirrors } from './mirrors.ts';

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
  assert.deepEqual(planMirrors({ pods: [pod], ending: [] }, []), { create: [pod], remove: [] });
  assert.deepEqual(planMirrors({ pods: [pod], ending: [] }, [mirror]), { create: [], remove: [] });
  const stale = mirrorOf(staticPod(manifest.replace('nginx', 'httpd'), '/m/web.yaml', 'n1', 'now'), 'n1', undefined);
  assert.deepEqual(planMirrors({ pods: [pod], ending: [] }, [stale]), { create: [], remove: [stale] });
  assert.deepEqual(planMirrors({ pods: [], ending: [] }, [mirror]), { create: [], remove: [mirror] });
  const old = staticPod(manifest.replace('nginx', 'httpd'), '/m/web.yaml', 'n1', 'now');
  assert.deepEqual(planMirrors({ pods: [pod], ending: [old] }, [stale]), { create: [], remove: [] });
  assert.deepEqual(planMirrors({ pods: [pod], ending: [old] }, []), { create: [], remove: [] });
});

test('a mirror that cannot be made keeps no other from being made', async () => {
  const [homeless, web] = ['gone', 'default'].map((namespace) =>
    staticPod(manifest.replace('name: web', `name: web, namespace: ${namespace}`), `/m/${namespace}.yaml`, 'n1', 'now'),
  );
  assert.ok(homeless && web);
  const made: (string | undefined)[] = [];
  const create = async (_: unknown, { metadata }: Pod): Promise<void> => {
    if (metadata?.namespace === 'gone') throw new ApiError({ message: 'namespaces "gone" not found' } as Status, 404);
    made.push(metadata?.namespace);
  };
  const source = { mirrors: [] } as unknown as ApiSource;
  const sync = syncMirrors({ create } as unknown as Api, source, { pods: [homeless, web], ending: [] }, 'n1', 'u');
  await assert.rejects(sync, /namespaces "gone" not found/);
  assert.deepEqual(made, ['default']);
});
