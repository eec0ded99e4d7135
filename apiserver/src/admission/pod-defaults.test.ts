import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LimitRange, Namespace, PersistentVolumeClaim, Pod, PriorityClass, RuntimeClass, StorageClass } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';

let server: Fixture;
before(async () => {
  server = await startServer({ disabledAdmission: ['ServiceAccount'] });
});
after(() => server.close());

let count = 0;
async function namespaceOf(): Promise<string> {
  const name = `n${count++}`;
  await server.api.create(Namespace, { metadata: { name } });
  return name;
}

async function createPod(namespace: string, spec: object = {}, resources?: object): Promise<Pod> {
  const pod = podOf(`p${count++}`) as Pod;
  const [container] = pod.spec.containers;
  const containers = [{ ...container, ...(resources ? { resources } : {}) }] as Pod['spec']['containers'];
  return server.api.create(Pod, { ...pod, metadata: { ...pod.metadata, namespace }, spec: { ...pod.spec, containers, ...spec } } as Pod);
}

const message = (pattern: RegExp) => (error: Error) => pattern.test(error.message);

test('a manifest put once more keeps the priority its pod was given', async () => {
  const pod = await createPod(await namespaceOf(), { serviceAccountName: 'default' });
  const { priority, preemptionPolicy, ...rest } = pod.spec;
  const again = await server.api.update(Pod, { ...pod, spec: rest } as Pod);
  assert.deepEqual([again.spec.priority, again.spec.preemptionPolicy], [priority, preemptionPolicy]);
  assert.equal(priority, 0);
});

test('a priority class by name becomes a number; the system has its own', async () => {
  const namespace = await namespaceOf();
  const { api } = server;
  await api.create(PriorityClass, { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
  const { spec } = await createPod(namespace, { priorityClassName: 'high' });
  assert.deepEqual([spec.priority, spec.preemptionPolicy], [1000, 'Never']);
  assert.equal((await createPod(namespace)).spec.priority, 0);
  assert.equal((await createPod('kube-system', { priorityClassName: 'system-node-critical' })).spec.priority, 2_000_001_000);
  await assert.rejects(createPod(namespace, { priorityClassName: 'none' }), message(/no PriorityClass with name none was found/));
  await assert.rejects(
    createPod(namespace, { priority: 7 }),
    message(/the integer value of priority \(7\) must not be provided in pod spec/),
  );
  await api.create(PriorityClass, { metadata: { name: 'usual' }, value: 5, globalDefault: true });
  const usual = await createPod(namespace);
  assert.deepEqual([usual.spec.priority, usual.spec.priorityClassName], [5, 'usual']);
  await assert.rejects(
    api.create(PriorityClass, { metadata: { name: 'second' }, value: 6, globalDefault: true }),
    message(/PriorityClass usual is already marked as default\. Only one default can exist/),
  );
  await api.delete(PriorityClass, { name: 'usual' });
});

test('a runtime class brings its overhead and its nodes', async () => {
  const namespace = await namespaceOf();
  const scheduling = { nodeSelector: { sandbox: 'yes' }, tolerations: [{ key: 'sandbox', operator: 'Exists', effect: 'NoSchedule' }] };
  await server.api.create(RuntimeClass, {
    metadata: { name: 'boxed' },
    handler: 'boxed',
    overhead: { podFixed: { cpu: '10m' } },
    scheduling,
  } as RuntimeClass);
  const { spec } = await createPod(namespace, { runtimeClassName: 'boxed' });
  assert.deepEqual([spec.overhead, spec.nodeSelector], [{ cpu: '10m' }, { sandbox: 'yes' }]);
  assert.ok(spec.tolerations?.some(({ key }) => key === 'sandbox'));
  await assert.rejects(createPod(namespace, { runtimeClassName: 'none' }), message(/pod rejected: RuntimeClass "none" not found/));
  await assert.rejects(createPod(namespace, { overhead: { cpu: '1' } }), message(/Pod Overhead set without corresponding RuntimeClass/));
  await assert.rejects(
    createPod(namespace, { runtimeClassName: 'boxed', nodeSelector: { sandbox: 'no' } }),
    message(/conflict: runtimeClass\.scheduling\.nodeSelector\[sandbox\] = yes; pod\.spec\.nodeSelector\[sandbox\] = no/),
  );
});

test('a limit range fills in what containers leave open, and refuses the rest', async () => {
  const namespace = await namespaceOf();
  await server.api.create(LimitRange, {
    metadata: { name: 'limits', namespace },
    spec: {
      limits: [
        {
          type: 'Container',
          min: { cpu: '50m' },
          max: { cpu: '500m', memory: '500Mi' },
          default: { cpu: '300m', memory: '200Mi' },
          defaultRequest: { cpu: '100m', memory: '100Mi' },
          maxLimitRequestRatio: { cpu: '4' },
        },
      ],
    },
  });
  const { spec, metadata } = await createPod(namespace);
  assert.deepEqual(spec.containers[0]?.resources, {
    requests: { cpu: '100m', memory: '100Mi' },
    limits: { cpu: '300m', memory: '200Mi' },
  });
  const name = spec.containers[0]?.name;
  assert.equal(
    metadata.annotations?.['kubernetes.io/limit-ranger'],
    `LimitRanger plugin set: cpu, memory request for container ${name}; cpu, memory limit for container ${name}`,
  );
  await assert.rejects(
    createPod(namespace, {}, { requests: { cpu: '10m' } }),
    message(
      /is forbidden: \[minimum cpu usage per Container is 50m, but request is 10m, cpu max limit to request ratio per Container is 4, but provided ratio is 30\.000000\]/,
    ),
  );
  await assert.rejects(
    createPod(namespace, {}, { limits: { memory: '1Gi' } }),
    message(/is forbidden: maximum memory usage per Container is 500Mi, but limit is 1Gi/),
  );
});

test('a claim is of the newest default class, and protected', async () => {
  const namespace = await namespaceOf();
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await server.api.create(StorageClass, { metadata: { name: 'usual', annotations }, provisioner: 'example.com/none' });
  const claim = (name: string, spec: object): PersistentVolumeClaim =>
    ({
      metadata: { name, namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    }) as PersistentVolumeClaim;
  const open = await server.api.create(PersistentVolumeClaim, claim('open', {}));
  assert.deepEqual([open.spec.storageClassName, open.metadata.finalizers], ['usual', ['kubernetes.io/pvc-protection']]);
  const none = await server.api.create(PersistentVolumeClaim, claim('none', { storageClassName: '' }));
  assert.equal(none.spec.storageClassName, '');
});
