import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { exited, testContainer, testPod, testSandbox } from './pod/testpod.ts';
import { observePods } from './pod-metrics.ts';
import { PodRecord } from './worker/record.ts';

const fromFile = { annotations: { 'kubernetes.io/config.source': 'file' } };

function record(metadata: object, change: Partial<Pick<PodRecord, 'removed' | 'observed' | 'status'>> = {}, ending = false): PodRecord {
  const made = Object.assign(new PodRecord(testPod({}, metadata), 0), change);
  if (ending) made.end();
  return made;
}

async function shown(pods: readonly PodRecord[]): Promise<string[]> {
  const registry = new Registry();
  observePods(registry, { workers: { all: pods }, source: { mirrors: [testPod()] } });
  return (await registry.metrics()).split('\n').filter((line) => /^kubelet_/.test(line) && !line.endsWith(' 0'));
}

const sandboxes = [testSandbox()];

test('pods by where they come from and how far they are, as Kubernetes counts them', async () => {
  const running = record({ uid: 'a' }, { observed: { sandboxes, containers: [testContainer()] } });
  const fixed = record({ uid: 'b', ...fromFile }, { observed: { sandboxes, containers: [testContainer()] } });
  const over = record({ uid: 'c' }, { observed: { sandboxes: [], containers: [exited(0)] }, status: { phase: 'Succeeded' } }, true);
  assert.deepEqual(await shown([running, fixed, over]), [
    'kubelet_desired_pods{static=""} 2',
    'kubelet_desired_pods{static="true"} 1',
    'kubelet_active_pods{static=""} 1',
    'kubelet_active_pods{static="true"} 1',
    'kubelet_mirror_pods 1',
    'kubelet_working_pods{config="desired",lifecycle="sync",static=""} 1',
    'kubelet_working_pods{config="desired",lifecycle="terminated",static=""} 1',
    'kubelet_working_pods{config="desired",lifecycle="sync",static="true"} 1',
  ]);
});

test('pods that nobody wants any more, and those the runtime alone knows', async () => {
  const gone = record({ uid: 'a', ...fromFile }, { removed: true, observed: { sandboxes, containers: [testContainer()] } }, true);
  const unknown = record({ uid: 'b' }, { removed: true, observed: { sandboxes, containers: [] } }, true);
  Object.assign(unknown.pod, { spec: { containers: [] } });
  assert.deepEqual(await shown([gone, unknown]), [
    'kubelet_mirror_pods 1',
    'kubelet_working_pods{config="orphan",lifecycle="terminating",static="true"} 1',
    'kubelet_working_pods{config="runtime_only",lifecycle="terminating",static="unknown"} 1',
  ]);
});

test('what there is none of is 0, and told', async () => {
  const registry = new Registry();
  observePods(registry, { workers: { all: [] }, source: { mirrors: [] } });
  const text = await registry.metrics();
  assert.equal(text.match(/^kubelet_working_pods\{/gm)?.length, 15);
  assert.match(text, /^kubelet_active_pods\{static="true"\} 0$/m);
});
