import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pod } from '@keelson/types';
import { podOf, startServer } from '../testing/fixture.ts';
import { noAdmissionSettings } from './configuration.ts';

test('how long pods stay on a lost node is told by flags, and by themselves', async (t) => {
  const admission = { ...noAdmissionSettings, tolerationSeconds: { notReady: 30, unreachable: 60 } };
  const server = await startServer({ disabledAdmission: ['ServiceAccount'], admission });
  t.after(() => server.close());
  const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
  const named = podOf('a') as Pod;
  const pod = { ...named, metadata: { ...named.metadata, namespace: 'default' } } as Pod;
  const { spec } = await server.api.create(Pod, pod);
  const seconds = (of: Pod['spec']) => of.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]);
  const unreachable = ['node.kubernetes.io/unreachable', 60];
  assert.deepEqual(seconds(spec), [['node.kubernetes.io/not-ready', 30], unreachable]);
  const told = { ...pod, metadata: { ...pod.metadata, name: 'b' }, spec: { ...pod.spec, tolerations: [own] } } as Pod;
  assert.deepEqual(seconds((await server.api.create(Pod, told)).spec), [['node.kubernetes.io/not-ready', 5], unreachable]);
});
