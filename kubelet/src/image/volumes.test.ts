import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '@keelson/types';
import type { RuntimeInfo } from '../cri/types.ts';
import { testPod } from '../pod/testpod.ts';
import { cannotMountImages, imageVolumes } from './volumes.ts';

test('runtimes that mount images', () => {
  const problem = (name: string, version: string): string | undefined => cannotMountImages({ name, version });
  assert.equal(
    problem('containerd', '1.6.20~ds1'),
    'containerd 1.6.20~ds1 does not support image volumes, which need containerd 2.1 or newer',
  );
  assert.match(problem('containerd', 'v2.0.5') ?? '', /2\.1 or newer/);
  assert.deepEqual(
    [problem('containerd', 'v2.1.0'), problem('cri-o', '1.33.1'), problem('other', '0.1')],
    [undefined, undefined, undefined],
  );
});

test('images of mounted volumes are brought by their own policy', async () => {
  const pod = testPod({
    volumes: [
      { name: 'a', image: { reference: 'r.io/a:1', pullPolicy: 'Never' } },
      { name: 'b', image: { reference: 'r.io/b:1' } },
      { name: 'c', emptyDir: {} },
    ],
  });
  const mounted = (...names: string[]): Container =>
    ({ name: 'x', volumeMounts: names.map((name) => ({ name, mountPath: '/' })) }) as Container;
  const asked: string[] = [];
  const ensure = async ({ image, imagePullPolicy }: Container) => {
    asked.push(`${image} ${imagePullPolicy}`);
    return { ref: `sha256:${image}`, image: undefined };
  };
  const runtime = (version: string) => ({ info: async () => ({ name: 'containerd', version }) as RuntimeInfo });
  assert.deepEqual([...(await imageVolumes(runtime('2.1.0'), pod, mounted('a', 'c'), ensure))], [['a', 'sha256:r.io/a:1']]);
  await imageVolumes(runtime('2.1.0'), pod, mounted('b'), ensure);
  assert.deepEqual(asked, ['r.io/a:1 Never', 'r.io/b:1 undefined']);
  assert.equal((await imageVolumes(runtime('1.6.0'), pod, mounted('c'), ensure)).size, 0);
  await assert.rejects(imageVolumes(runtime('1.6.0'), pod, mounted('a'), ensure), { reason: 'CreateContainerError' });
});
