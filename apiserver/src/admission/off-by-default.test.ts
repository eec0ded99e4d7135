import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '@keelson/client';
import { type Kind, Namespace, Pod, ReplicaSet, Service } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../testing/fixture.ts';
import { alwaysDeny } from './always.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { denyServiceExternalIPs } from './deny-service-external-ips.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { namespaceAutoProvision, namespaceExists } from './namespaces.ts';
import { ownerReferencesPermissionEnforcement } from './owner-references.ts';
import { limitPodHardAntiAffinityTopology } from './pod-anti-affinity.ts';
import { parsePodNodeSelector, podNodeSelector } from './pod-node-selector.ts';
import { noPodTolerations, podTolerationRestriction } from './pod-toleration-restriction.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

let server: Fixture;
before(async () => {
  server = await startServer();
  const annotations = {
    'scheduler.alpha.kubernetes.io/node-selector': 'env=test',
    'scheduler.alpha.kubernetes.io/defaultTolerations': '[{"key":"a","operator":"Exists"}]',
    'scheduler.alpha.kubernetes.io/tolerationsWhitelist':
      '[{"key":"a","operator":"Exists"},{"key":"node.kubernetes.io/memory-pressure","operator":"Exists"}]',
  };
  await server.api.create(Namespace, { metadata: { name: 'told', annotations } });
});
after(() => server.close());

/** One write as a plugin sees it, both phases. @returns the object it became. @throws what the plugin refuses with. */
async function write<T extends KubeObject>(
  plugin: AdmissionPlugin,
  kind: Kind<T>,
  object: T,
  more: Partial<AdmissionAttributes> = {},
): Promise<T> {
  const { registry } = server.server;
  const attributes: AdmissionAttributes = {
    ...{ operation: 'CREATE', store: registry.of(kind), registry, subresource: '', namespace: 'told', name: 'x' },
    ...{ object, old: undefined, user: { name: 'jane', groups: [] }, dryRun: false, warnings: [], ...more },
  };
  await plugin.admit?.(attributes);
  await plugin.validate?.(attributes);
  return object;
}

function pod(spec: object = {}): Pod {
  const made = structuredClone(podOf('x')) as Pod;
  return { ...made, spec: { ...made.spec, ...structuredClone(spec) } } as Pod;
}

const forbidden = (why: string) => (error: Error) => {
  assert.equal(error.message, why);
  return true;
};

test('AlwaysDeny', async () => {
  await assert.rejects(write(alwaysDeny, Pod, pod()), forbidden('pods "x" is forbidden: admission control is denying all modifications'));
});

test('AlwaysPullImages', async () => {
  const volumes = [{ name: 'i', image: { reference: 'a:1', pullPolicy: 'Never' } }];
  const initContainers = [{ name: 'i', image: 'b:1', imagePullPolicy: 'IfNotPresent' }];
  const { spec } = await write(alwaysPullImages, Pod, pod({ volumes, initContainers }));
  assert.equal(spec.containers[0]?.imagePullPolicy, 'Always');
  assert.equal(spec.initContainers?.[0]?.imagePullPolicy, 'Always');
  assert.equal(spec.volumes?.[0]?.image?.pullPolicy, 'Always');
  const same = pod({ initContainers });
  const kept = await write(alwaysPullImages, Pod, same, { operation: 'UPDATE', old: structuredClone(same) });
  assert.equal(kept.spec.initContainers?.[0]?.imagePullPolicy, 'IfNotPresent');
});

test('NamespaceAutoProvision and NamespaceExists', async () => {
  const where = { namespace: 'grown' };
  await assert.rejects(write(namespaceExists, Pod, pod(), where), forbidden('namespaces "grown" not found'));
  await write(namespaceAutoProvision, Pod, pod(), { ...where, dryRun: true });
  await assert.rejects(server.api.get(Namespace, { name: 'grown' }));
  await write(namespaceAutoProvision, Pod, pod(), where);
  const { spec } = await server.api.get(Namespace, { name: 'grown' });
  assert.deepEqual(spec?.finalizers, ['kubernetes']);
  await write(namespaceExists, Pod, pod(), where);
});

test('LimitPodHardAntiAffinityTopology', async () => {
  const away = (topologyKey: string) =>
    pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } } });
  await write(limitPodHardAntiAffinityTopology, Pod, away('kubernetes.io/hostname'));
  await assert.rejects(
    write(limitPodHardAntiAffinityTopology, Pod, away('zone')),
    forbidden(
      'pods "x" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
    ),
  );
});

test('PodNodeSelector', async () => {
  const settings = parsePodNodeSelector({
    podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'usual=yes', told: 'env=test,disk=fast' },
  });
  const plugin = podNodeSelector(settings);
  assert.deepEqual((await write(plugin, Pod, pod({ nodeSelector: { disk: 'fast' } }))).spec.nodeSelector, { env: 'test', disk: 'fast' });
  assert.deepEqual((await write(plugin, Pod, pod(), { namespace: 'default' })).spec.nodeSelector, { usual: 'yes' });
  await assert.rejects(
    write(plugin, Pod, pod({ nodeSelector: { env: 'prod' } })),
    forbidden('pods "x" is forbidden: pod node label selector conflicts with its namespace node label selector'),
  );
  await assert.rejects(
    write(plugin, Pod, pod({ nodeSelector: { disk: 'slow' } })),
    forbidden('pods "x" is forbidden: pod node label selector labels conflict with its namespace whitelist'),
  );
});

test('PodTolerationRestriction', async () => {
  const plugin = podTolerationRestriction(noPodTolerations);
  assert.deepEqual((await write(plugin, Pod, pod())).spec.tolerations, [{ key: 'a', operator: 'Exists' }]);
  const { spec } = await write(
    plugin,
    Pod,
    pod({ tolerations: [{ key: 'a', operator: 'Equal', value: 'b' }], containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }),
  );
  assert.deepEqual(spec.tolerations, [
    { key: 'a', operator: 'Exists' },
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  await assert.rejects(
    write(plugin, Pod, pod({ tolerations: [{ key: 'b', operator: 'Exists' }] })),
    forbidden(
      'pods "x" is forbidden: pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
    ),
  );
});

test('ExtendedResourceToleration', async () => {
  const requests = { 'example.com/b': '1', 'example.com/a': '1', cpu: '1' };
  const { spec } = await write(extendedResourceToleration, Pod, pod({ containers: [{ name: 'c', resources: { requests } }] }));
  assert.deepEqual(spec.tolerations, [
    { key: 'example.com/a', operator: 'Exists' },
    { key: 'example.com/b', operator: 'Exists' },
  ]);
});

test('DenyServiceExternalIPs', async () => {
  const service = (...externalIPs: string[]): Service => ({ metadata: { name: 'x' }, spec: { externalIPs } }) as Service;
  await write(denyServiceExternalIPs, Service, service());
  await write(denyServiceExternalIPs, Service, service('1.1.1.1'), { operation: 'UPDATE', old: service('1.1.1.1', '2.2.2.2') });
  await assert.rejects(
    write(denyServiceExternalIPs, Service, service('1.1.1.1')),
    forbidden('services "x" is forbidden: Use of external IPs is denied by admission control'),
  );
});

test('OwnerReferencesPermissionEnforcement', async () => {
  const asked: string[] = [];
  const allowing = (...granted: string[]) =>
    ownerReferencesPermissionEnforcement(async ({ verb, resource, subresource, name }) => {
      const text = [verb, resource, subresource, name].join(' ');
      asked.push(text);
      return granted.includes(text) ? { type: 'allow', reason: '' } : { type: 'noOpinion', reason: 'no' };
    });
  const owned = (blockOwnerDeletion = false): Pod => {
    const owner = { apiVersion: ReplicaSet.apiVersion, kind: 'ReplicaSet', name: 'set', uid: 'u', blockOwnerDeletion };
    const { metadata, ...rest } = pod();
    return { ...rest, metadata: { ...metadata, ownerReferences: [owner] } } as Pod;
  };
  await write(allowing(), Pod, pod());
  await write(allowing(), Pod, owned(), { operation: 'UPDATE', old: owned() });
  await write(allowing('delete pods  '), Pod, owned());
  await assert.rejects(
    write(allowing(), Pod, owned()),
    forbidden('pods "x" is forbidden: cannot set an ownerRef on a resource you can\'t delete: no, <nil>'),
  );
  await assert.rejects(
    write(allowing('delete pods  '), Pod, owned(true)),
    forbidden(
      'pods "x" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: no, <nil>',
    ),
  );
  await write(allowing('delete pods  ', 'update replicasets finalizers set'), Pod, owned(true));
  assert.deepEqual(asked.at(-1), 'update replicasets finalizers set');
});
