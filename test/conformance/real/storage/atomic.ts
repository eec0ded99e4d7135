import assert from 'node:assert/strict';
import type { Node, ReplicationController } from '@keelson/types';
import type { Context } from '../../context.ts';
import { podsOf } from '../../pods.ts';
import { across, within } from '../../resource.ts';
import type { Spec } from '../../specs.ts';
import { pause } from '../images.ts';
import { output, ready, running, started } from '../run.ts';
import { scriptPod } from './pods.ts';
import { configMaps, holding, objectsOf, projectedConfigMaps, secrets } from './sources.ts';

const configMapFile = { items: [{ key: 'configmap-key', path: 'projected/configmap-key' }] };
const downwardFile = { path: 'downward/podname', fieldRef: { fieldPath: 'metadata.name' } };

interface SubPath {
  readonly volume: object;
  readonly subPath: string;
  readonly at?: string;
  /** What the file says; the pod's name where it is absent. */
  readonly wanted?: string;
}

/** One file of a volume is mounted by itself, and can be read for as long as the pod runs. */
const mountsFile = ({ volume, subPath, at = '/test-volume', wanted }: SubPath): Spec => {
  return async (c) => {
    await objectsOf(c, configMaps).create(holding(configMaps, 'my-configmap', { 'configmap-key': 'configmap-value' }));
    await objectsOf(c, secrets).create(holding(secrets, 'my-secret', { 'secret-key': 'secret-value' }));
    const volumeMounts = [
      { name: 'test-volume', mountPath: at, subPath },
      { name: 'other', mountPath: '/other' },
    ];
    const run = `for each in 1 2 3; do cat ${at} && echo; sleep 1; done`;
    const securityContext = { seLinuxOptions: { level: 's0' } };
    const script = { run, mounts: {}, more: { volumeMounts } };
    const pod = scriptPod(c.unique('subpath'), [script], { 'test-volume': volume, other: { emptyDir: {} } }, { securityContext });
    assert.equal(await output(c, pod), `${wanted ?? pod.metadata.name}\n`.repeat(3));
  };
};

const ofConfigMap = { volume: configMaps.volume('my-configmap'), subPath: 'configmap-key', wanted: 'configmap-value' };
const subPaths: Readonly<Record<string, SubPath>> = {
  'configmap pod': ofConfigMap,
  'configmap pod with mountPath of existing file': { ...ofConfigMap, at: '/etc/resolv.conf' },
  'downward pod': { volume: { downwardAPI: { items: [downwardFile] } }, subPath: 'downward/podname' },
  'projected pod': {
    volume: projectedConfigMaps.volume('my-configmap', configMapFile),
    subPath: 'projected/configmap-key',
    wanted: 'configmap-value',
  },
  'secret pod': { volume: secrets.volume('my-secret'), subPath: 'secret-key', wanted: 'secret-value' },
};

/** Sources of every kind in one directory. */
const combined: Spec = async (c) => {
  const [map, secret] = [c.unique('map'), c.unique('secret')];
  await objectsOf(c, configMaps).create(holding(configMaps, map, { 'configmap-data': 'configmap-value-1' }));
  await objectsOf(c, secrets).create(holding(secrets, secret, { 'secret-data': 'secret-value-1' }));
  const items = [{ path: 'podname', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }];
  const projected = { sources: [{ downwardAPI: { items } }, { secret: { name: secret } }, { configMap: { name: map } }] };
  const run = 'cd /all && for each in podname secret-data configmap-data; do cat $each && echo; done';
  const pod = scriptPod(c.unique('all'), [{ run, mounts: { podinfo: '/all' } }], { podinfo: { projected } });
  assert.equal(await output(c, pod), `${pod.metadata.name}\nsecret-value-1\nconfigmap-value-1\n`);
};

/** Volumes on disk and in memory side by side. */
const noConflict: Spec = async (c) => {
  const name = c.unique('wrapper');
  await objectsOf(c, secrets).create(holding(secrets, name, { 'data-1': 'value-1\n' }));
  const binaryData = { 'data-1': Buffer.from('value-1\n').toString('base64') };
  await objectsOf(c, configMaps).create({ metadata: { name }, binaryData });
  const mounts = { secret: '/etc/secret-volume', map: '/etc/configmap-volume' };
  const volumes = { secret: secrets.volume(name), map: configMaps.volume(name) };
  const pod = scriptPod(c.unique('wrapper'), [{ run: 'sleep 600', mounts }], volumes);
  await started(c, pod);
  await ready(c, pod.metadata.name);
  await podsOf(c).remove(pod.metadata.name, { gracePeriodSeconds: 0 });
};

/** Of the race: how many volumes each pod has, how many pods start at once, and how often. */
const race = { volumes: 50, pods: 5, rounds: 3 };

const noRace: Spec = async (c) => {
  const names = Array.from({ length: race.volumes }, (_, at) => `racey-configmap-${at}`);
  for (const name of names) await objectsOf(c, configMaps).create(holding(configMaps, name, { 'data-1': 'value-1' }));
  const items = [{ key: 'data-1', path: 'data-1' }];
  const volumes = names.map((name) => ({ name, ...configMaps.volume(name, { items }) }));
  const volumeMounts = names.map((name, at) => ({ name, mountPath: `/etc/config-${at}` }));
  const node = (await across<Node>(c, 'v1', 'nodes').items()).find(({ spec }) => !spec?.unschedulable)?.metadata.name ?? '';
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': node },
    dnsPolicy: 'Default',
    containers: [{ name: 'test-container', image: pause, volumeMounts }],
    volumes,
  };
  for (let round = 0; round < race.rounds; round++) await startTogether(c, spec);
};

/** Pods of a controller start at once, all of them, and go with it. */
async function startTogether(c: Context, spec: object): Promise<void> {
  const name = c.unique('wrapped-volume-race');
  const controllers = within<ReplicationController>(c, 'v1', 'replicationcontrollers');
  const template = { metadata: { labels: { name } }, spec };
  await controllers.create({ metadata: { name }, spec: { replicas: race.pods, selector: { name }, template } });
  const pods = podsOf(c);
  await pods.count(`name=${name}`, race.pods);
  for (const pod of await pods.items(`name=${name}`)) await running(c, pod.metadata.name ?? '');
  await controllers.remove(name, { propagationPolicy: 'Background' });
  await pods.count(`name=${name}`, 0);
}

/** What holds of all volumes whose files change at once. */
export const atomicVolumes: Readonly<Record<string, Spec>> = {
  ...Object.fromEntries(
    Object.entries(subPaths).map(([words, spec]) => [
      `[sig-storage] Subpath Atomic writer volumes should support subpaths with ${words}`,
      mountsFile(spec),
    ]),
  ),
  '[sig-storage] Projected combined should project all components that make up the projection API [Projection] [NodeConformance]': combined,
  '[sig-storage] EmptyDir wrapper volumes should not conflict': noConflict,
  '[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps [Serial]': noRace,
};
