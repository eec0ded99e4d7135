import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rfc3339, systemClock } from '@keelson/base';
import type { ClientRequest } from '@keelson/client';
import { container, deployment, eventually } from '@keelson/testing';
import { Deployment, Event, HorizontalPodAutoscaler, Namespace, Pod } from '@keelson/types';
import { type ControllerCluster, startControllers } from './controllers-cluster.ts';

const namespace = 'load';
/** Millicores of work that all pods of `web` share. */
let work = 0;
let cluster: ControllerCluster;
let pods: readonly string[] = [];

before(async () => {
  const horizontalPodAutoscaler = {
    ...{ syncPeriod: 100, downscaleStabilization: 0, tolerance: 0.1, cpuInitializationPeriod: 0, initialReadinessDelay: 0 },
  };
  cluster = await startControllers({ config: { horizontalPodAutoscaler }, aggregated: podMetrics });
  await cluster.api.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});
after(() => cluster.stop());

/** What a metrics server would say. */
function podMetrics({ path }: ClientRequest): object | undefined {
  if (!path.startsWith(`/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?labelSelector=app%3Dweb`)) return undefined;
  const timestamp = rfc3339(systemClock.now());
  const cpu = `${Math.round(work / Math.max(1, pods.length))}m`;
  const items = pods.map((name) => ({
    ...{ metadata: { name, namespace }, timestamp, window: '10s' },
    containers: [{ name: 'main', usage: { cpu, memory: '10Mi' } }],
  }));
  return { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items };
}

function fresh<T extends { metadata: object; status?: unknown }>(object: T): T {
  const { uid: _u, creationTimestamp: _c, ...metadata } = object.metadata as Record<string, unknown>;
  return { ...object, metadata, status: undefined };
}

async function createTarget(name: string): Promise<void> {
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [container({ resources: { requests: { cpu: '200m' } } })] },
  };
  await cluster.api.create(Deployment, fresh(deployment({ name, namespace, selector: { app: name }, template })));
}

async function createAutoscaler(name: string, target: string): Promise<void> {
  await cluster.api.create(HorizontalPodAutoscaler, {
    metadata: { name, namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
      maxReplicas: 5,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    },
  });
}

const autoscaler = (name: string): Promise<HorizontalPodAutoscaler> => cluster.api.get(HorizontalPodAutoscaler, { name, namespace });

async function settlesAt(replicas: number): Promise<void> {
  await eventually(
    async () => {
      const { items } = await cluster.api.list(Pod, { namespace, labelSelector: 'app=web' });
      pods = items.map(({ metadata }) => metadata.name ?? '');
      const { status } = await autoscaler('web');
      return pods.length === replicas && status?.desiredReplicas === replicas;
    },
    { message: `${replicas} replicas`, deadlineMs: 20_000 },
  );
}

test('load makes a Deployment grow from 1 to 5, and its end makes it shrink', async () => {
  await createTarget('web');
  await createAutoscaler('web', 'web');
  await settlesAt(1);
  work = 1000;
  await settlesAt(5);
  const { status } = await autoscaler('web');
  assert.ok(status?.lastScaleTime);
  assert.deepEqual(
    status?.conditions?.map(({ type, status: is }) => [type, is]),
    [
      ['AbleToScale', 'True'],
      ['ScalingActive', 'True'],
      ['ScalingLimited', status?.conditions?.[2]?.status],
    ],
  );
  work = 0;
  await settlesAt(1);
  const { items } = await cluster.api.list(Event, { namespace, fieldSelector: 'reason=SuccessfulRescale' });
  const messages = items.map(({ message }) => message);
  assert.ok(messages.includes('New size: 4; reason: cpu resource utilization (percentage of request) above target'), messages.join('\n'));
  assert.ok(messages.includes('New size: 1; reason: All metrics below target'), messages.join('\n'));
  assert.equal(items[0]?.source?.component, 'horizontal-pod-autoscaler');
});

test('a target that is not there, and one whose metrics are not', async () => {
  await createAutoscaler('astray', 'nobody');
  await createTarget('silent');
  await createAutoscaler('silent', 'silent');
  const tells = (name: string, reason: string): Promise<string | undefined> =>
    eventually(async () => (await autoscaler(name)).status?.conditions?.find((one) => one.reason === reason)?.message, {
      message: `${name}: ${reason}`,
    });
  const missing = await tells('astray', 'FailedGetScale');
  assert.equal(missing, `the HPA controller was unable to get the target's current scale: deployments.apps "nobody" not found`);
  const unknown = await tells('silent', 'FailedGetResourceMetric');
  assert.match(
    unknown ?? '',
    /unable to fetch metrics from resource metrics API: the server could not find the requested resource \(get pods\.metrics\.k8s\.io\)$/,
  );
});
