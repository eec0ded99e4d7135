import assert from 'node:assert/strict';
import { podsOf } from '../../pods.ts';
import type { Spec } from '../../specs.ts';
import { output, started } from '../run.ts';
import { prints, readForEver, scriptPod } from './pods.ts';

/** A file of the downward API. */
interface Item {
  readonly path: string;
  readonly [more: string]: unknown;
}

/** The source of a volume with these files. */
type Volume = (items: readonly Item[], rest?: object) => object;

const plain: Volume = (items, rest) => ({ downwardAPI: { items, ...rest } });
const projected: Volume = (items, rest) => ({ projected: { sources: [{ downwardAPI: { items } }], ...rest } });

const field = (path: string, fieldPath: string, rest: object = {}): Item => ({ path, fieldRef: { apiVersion: 'v1', fieldPath }, ...rest });
const resource = (name: string): Item => ({ path: 'file', resourceFieldRef: { containerName: 'main', resource: name } });
const mounts = { podinfo: '/etc/podinfo' };
const show = "cat /etc/podinfo/file && echo && stat -L -c '%A' /etc/podinfo/file";

/** A file says what it should, `NAME` being the pod's name, with the mode it should have. */
const shows = (source: object, wanted: string | RegExp, { mode = '-rw-r--r--', more = {} } = {}): Spec => {
  return async (c) => {
    const pod = scriptPod(c.unique('downward'), [{ run: show, mounts, more }], { podinfo: source });
    const [value = '', found] = (await output(c, pod)).split('\n');
    if (typeof wanted === 'string') assert.equal(value, wanted.replace('NAME', pod.metadata.name));
    else assert.match(value, wanted);
    assert.equal(found, mode);
  };
};

const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } };
const ofContainer = (volume: Volume, name: string, wanted: string): Spec =>
  shows(volume([resource(name)]), wanted, { more: { resources } });

/** Labels or annotations that change while the pod runs. */
const updates = (volume: Volume, field_: 'labels' | 'annotations'): Spec => {
  return async (c) => {
    const script = { run: readForEver('/etc/podinfo/file'), mounts };
    const body = scriptPod(c.unique('downward'), [script], { podinfo: volume([field('file', `metadata.${field_}`)]) });
    const { name } = body.metadata;
    const metadata = { name, [field_]: { key1: 'value1', key2: 'value2' } };
    await started(c, { ...body, metadata });
    await prints(c, name, 'key1="value1"');
    await podsOf(c).update(name, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, [field_]: { ...pod.metadata[field_], key3: 'value3' } },
    }));
    await prints(c, name, 'key3="value3"');
    await podsOf(c).remove(name);
  };
};

const family = (feature: string, volume: Volume): Readonly<Record<string, Spec>> => {
  const name = (rest?: object): Item => field('file', 'metadata.name', rest);
  const specs: Record<string, Spec> = {
    'should provide podname only': shows(volume([name()]), 'NAME'),
    'should set DefaultMode on files [LinuxOnly]': shows(volume([name()], { defaultMode: 0o400 }), 'NAME', { mode: '-r--------' }),
    'should set mode on item file [LinuxOnly]': shows(volume([name({ mode: 0o400 })]), 'NAME', { mode: '-r--------' }),
    "should provide container's cpu limit": ofContainer(volume, 'limits.cpu', '2'),
    "should provide container's cpu request": ofContainer(volume, 'requests.cpu', '1'),
    "should provide container's memory limit": ofContainer(volume, 'limits.memory', '67108864'),
    "should provide container's memory request": ofContainer(volume, 'requests.memory', '33554432'),
    'should provide node allocatable (cpu) as default cpu limit if the limit is not set': shows(
      volume([resource('limits.cpu')]),
      /^[1-9]\d*$/,
    ),
    'should provide node allocatable (memory) as default memory limit if the limit is not set': shows(
      volume([resource('limits.memory')]),
      /^[1-9]\d*$/,
    ),
    'should update annotations on modification': updates(volume, 'annotations'),
    'should update labels on modification': updates(volume, 'labels'),
  };
  return Object.fromEntries(Object.entries(specs).map(([words, spec]) => [`[sig-storage] ${feature} ${words} [NodeConformance]`, spec]));
};

/** What pods see of themselves in files. */
export const downward: Readonly<Record<string, Spec>> = {
  ...family('Downward API volume', plain),
  ...family('Projected downwardAPI', projected),
};
