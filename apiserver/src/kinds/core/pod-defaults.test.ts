import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec, ResourceRequirements } from '@keelson/types';
import { created } from '../../testing/exercise.ts';
import { podKind } from './pod.ts';
import { defaultPod } from './pod-defaults.ts';

const limits = { cpu: '100m', memory: '100Mi' };

function requestsOf(resources: ResourceRequirements, ...containers: readonly ResourceRequirements[]): unknown {
  const spec = { resources, containers: containers.map((each, index) => ({ name: `c${index}`, image: 'i', resources: each })) };
  defaultPod(spec as unknown as PodSpec);
  return spec.resources.requests;
}

test('a pod limited as a whole asks for what its containers ask for together, and for its limits where they ask for nothing', () => {
  assert.deepEqual(requestsOf({ limits }, {}, {}), limits);
  assert.deepEqual(requestsOf({ limits }, { requests: { cpu: '20m' } }, { limits: { cpu: '30m' } }), { cpu: '50m', memory: '100Mi' });
  assert.deepEqual(requestsOf({ limits, requests: { cpu: '60m' } }, { requests: { cpu: '20m', memory: '1Mi' } }), {
    cpu: '60m',
    memory: '1Mi',
  });
});

test('a pod without limits of its own asks for no more than it says', () => {
  assert.deepEqual(requestsOf({ requests: { cpu: '1' } }, { requests: { memory: '1Mi' } }), { cpu: '1' });
  assert.equal(requestsOf({}, { requests: { memory: '1Mi' } }), undefined);
});

test('hooks and disks are filled in as probes and volumes are', () => {
  const { containers, volumes } = created(podKind, {
    spec: {
      containers: [{ name: 'main', image: 'Not an image', lifecycle: { preStop: { httpGet: { port: 80 } } } }],
      volumes: [
        { name: 'a', rbd: { monitors: ['m'], image: 'i' } },
        { name: 'b', azureDisk: { diskName: 'd', diskURI: 'u' } },
      ],
    },
  }).spec;
  assert.deepEqual(containers[0]?.lifecycle?.preStop?.httpGet, { port: 80, path: '/', scheme: 'HTTP' });
  assert.equal(containers[0]?.imagePullPolicy, 'IfNotPresent');
  assert.deepEqual(volumes?.[0]?.rbd, { monitors: ['m'], image: 'i', pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' });
  assert.deepEqual(volumes?.[1]?.azureDisk, {
    diskName: 'd',
    diskURI: 'u',
    cachingMode: 'ReadWrite',
    fsType: 'ext4',
    kind: 'Shared',
    readOnly: false,
  });
});
