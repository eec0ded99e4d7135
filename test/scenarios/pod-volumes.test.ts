import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet, StorageClass } from '@keelson/types';
import { type Cluster, createCluster, type NodeParts } from '../src/index.ts';
import { eventsAbout, isReady } from '../src/workloads.ts';

const namespace = 'default';

async function clusterOf(t: { after(fn: () => Promise<void>): void }, nodes: readonly NodeParts[] = [{}]): Promise<Cluster> {
  const cluster = await createCluster({ nodes });
  t.after(() => cluster.stop());
  return cluster;
}

const resources = { requests: { storage: '1Gi' } };
const claimSpec = { accessModes: ['ReadWriteOnce'], storageClassName: 'slow', resources };

function volumeOf(name: string, spec: object = {}): PersistentVolume {
  const base = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'slow',
    hostPath: { path: `/tmp/${name}` },
  };
  return { metadata: { name }, spec: { ...base, ...spec } } as PersistentVolume;
}

const localOn = (node: string): object => ({
  hostPath: undefined,
  local: { path: '/mnt/disk' },
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] }] },
  },
});

function podUsing(name: string, volume: object, spec: object = {}): Pod {
  const container = { name: 'main', image: 'app:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  return {
    metadata: { name, namespace },
    spec: { containers: [container], volumes: [{ name: 'data', ...volume }], ...spec },
  } as unknown as Pod;
}

const claiming = (claimName: string): object => ({ persistentVolumeClaim: { claimName } });

test('a pod waits for its claim, and runs with the volume it gets', async (t) => {
  const cluster = await clusterOf(t);
  const { api, history } = cluster;
  const refusal = (words: string) =>
    eventsAbout(cluster, 'web').some((event) => event.startsWith(`FailedScheduling: 0/1 nodes are available: ${words}.`));
  await api.create(Pod, podUsing('web', claiming('data')));
  await cluster.until('it says that there is no claim', () => refusal('persistentvolumeclaim "data" not found'));
  await api.create(PersistentVolumeClaim, { metadata: { name: 'data', namespace }, spec: claimSpec } as PersistentVolumeClaim);
  await cluster.until('it says that the claim is not bound', () => refusal('pod has unbound immediate PersistentVolumeClaims'));
  await api.create(PersistentVolume, volumeOf('one'));
  await cluster.until('it runs', () => {
    const pod = history.get(Pod, 'web', namespace);
    return pod && isReady(pod);
  });
});

test('a kubelet that is given a pod before its claim is bound says so, and goes on when it is', async (t) => {
  const cluster = await clusterOf(t);
  const { api, history } = cluster;
  await api.create(PersistentVolumeClaim, { metadata: { name: 'data', namespace }, spec: claimSpec } as PersistentVolumeClaim);
  await api.create(Pod, podUsing('web', claiming('data'), { nodeName: 'node-1' }));
  const words =
    'FailedMount: Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[data]: error processing PVC default/data: PVC is not bound';
  await cluster.until('it says why', () => eventsAbout(cluster, 'web').includes(words));
  await api.create(PersistentVolume, volumeOf('one'));
  await cluster.until('it runs', () => {
    const pod = history.get(Pod, 'web', namespace);
    return pod && isReady(pod);
  });
});

test('claims that wait for their first consumer are bound where it can run', async (t) => {
  const cluster = await clusterOf(t, [{}, {}]);
  const { api, history } = cluster;
  const storageClass = {
    metadata: { name: 'slow' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  await api.create(StorageClass, storageClass as StorageClass);
  await api.create(PersistentVolume, volumeOf('disk', localOn('node-2')));
  for (const name of ['a', 'b'])
    await api.create(PersistentVolumeClaim, { metadata: { name, namespace }, spec: claimSpec } as PersistentVolumeClaim);
  await cluster.until('the claims wait', async () => {
    const { items } = await api.list(Event, { namespace });
    return items.some(({ reason }) => reason === 'WaitForFirstConsumer');
  });
  await api.create(Pod, podUsing('first', claiming('a')));
  await cluster.until('it runs where the disk is', () => {
    const pod = history.get(Pod, 'first', namespace);
    return pod && isReady(pod) && pod.spec.nodeName === 'node-2';
  });
  await api.create(Pod, podUsing('second', claiming('b')));
  await cluster.until('there is no second disk', () =>
    eventsAbout(cluster, 'second').some((event) => event.includes("2 node(s) didn't find available persistent volumes to bind.")),
  );
  await api.create(PersistentVolume, volumeOf('late', localOn('node-1')));
  await cluster.until('it runs on the one that came', () => history.get(Pod, 'second', namespace)?.spec.nodeName === 'node-1');
});

test('what a provisioner makes for the node that was chosen', async (t) => {
  const cluster = await clusterOf(t);
  const { api, history } = cluster;
  const storageClass = { metadata: { name: 'slow' }, provisioner: 'disks.example', volumeBindingMode: 'WaitForFirstConsumer' };
  await api.create(StorageClass, storageClass as StorageClass);
  await api.create(PersistentVolumeClaim, { metadata: { name: 'a', namespace }, spec: claimSpec } as PersistentVolumeClaim);
  await api.create(Pod, podUsing('web', claiming('a')));
  const claim = await cluster.until('the claim names the node', () => {
    const found = history.get(PersistentVolumeClaim, 'a', namespace);
    return found?.metadata.annotations?.['volume.kubernetes.io/selected-node'] === 'node-1' ? found : undefined;
  });
  const claimRef = { name: 'a', namespace, uid: claim.metadata.uid };
  await api.create(PersistentVolume, volumeOf('made', { ...localOn('node-1'), claimRef }));
  await cluster.until('it runs', () => {
    const pod = history.get(Pod, 'web', namespace);
    return pod && isReady(pod);
  });
});

test('an ephemeral volume gets a claim that lives with its pod', async (t) => {
  const cluster = await clusterOf(t);
  const { api, history } = cluster;
  await api.create(PersistentVolume, volumeOf('one'));
  const metadata = { name: 'web-data', namespace };
  await api.create(PersistentVolumeClaim, { metadata, spec: claimSpec } as PersistentVolumeClaim);
  await api.create(Pod, podUsing('web', { ephemeral: { volumeClaimTemplate: { spec: claimSpec } } }));
  const conflict = 'FailedBinding: ephemeral volume data: PVC default/web-data was not created for pod default/web (pod is not owner)';
  await cluster.until('somebody else’s claim is left alone', () => eventsAbout(cluster, 'web').includes(conflict));
  await api.delete(PersistentVolumeClaim, metadata);
  await api.delete(PersistentVolume, { name: 'one' });
  await api.create(PersistentVolume, volumeOf('two'));
  await cluster.until('it runs with its own', () => {
    const pod = history.get(Pod, 'web', namespace);
    return pod && isReady(pod);
  });
  const claim = history.get(PersistentVolumeClaim, 'web-data', namespace);
  assert.equal(claim?.metadata.ownerReferences?.[0]?.uid, history.get(Pod, 'web', namespace)?.metadata.uid);
  await api.delete(Pod, { name: 'web', namespace });
  await cluster.until('the claim goes with its pod', () => !history.get(PersistentVolumeClaim, 'web-data', namespace));
});

test('a StatefulSet runs on volumes that were there before', async (t) => {
  const cluster = await clusterOf(t, [{}, {}]);
  const { api, history } = cluster;
  for (const name of ['one', 'two']) await api.create(PersistentVolume, volumeOf(name));
  const template = { metadata: { labels: { app: 'db' } }, spec: podUsing('db', {}).spec };
  await api.create(StatefulSet, {
    metadata: { name: 'db', namespace },
    spec: {
      replicas: 2,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { ...template, spec: { ...template.spec, volumes: [] } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec }],
    },
  } as unknown as StatefulSet);
  await cluster.until('both are ready', () => history.get(StatefulSet, 'db', namespace)?.status?.readyReplicas === 2);
  const volumes = ['data-db-0', 'data-db-1'].map((name) => history.get(PersistentVolumeClaim, name, namespace)?.spec.volumeName);
  assert.deepEqual(volumes.sort(), ['one', 'two']);
});
