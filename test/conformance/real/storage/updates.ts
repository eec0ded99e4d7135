import { podsOf } from '../../pods.ts';
import type { Spec } from '../../specs.ts';
import { started } from '../run.ts';
import { prints, readForEver, scriptPod } from './pods.ts';
import { configMaps, type FileSource, holding, objectsOf, projectedConfigMaps, projectedSecrets, secrets } from './sources.ts';

/** A change of the object reaches a pod that runs. */
const updates = (source: FileSource): Spec => {
  return async (c) => {
    const name = c.unique('files');
    const objects = objectsOf(c, source);
    await objects.create(holding(source, name, { 'data-1': 'value-1' }));
    const script = { run: readForEver('/etc/volume/data-1'), mounts: { volume: '/etc/volume' } };
    const pod = scriptPod(c.unique('pod'), [script], { volume: source.volume(name) });
    await started(c, pod);
    await prints(c, pod.metadata.name, 'value-1');
    await objects.patch(name, { data: holding(source, name, { 'data-1': 'value-2' }).data }, 'merge');
    await prints(c, pod.metadata.name, 'value-2');
    await podsOf(c).remove(pod.metadata.name);
  };
};

/** Objects that a pod can do without go, change and come while it runs, and its files with them. */
const optionalUpdates = (source: FileSource): Spec => {
  return async (c) => {
    const objects = objectsOf(c, source);
    const [gone, changed, late] = ['gone', 'changed', 'late'].map((each) => c.unique(each)) as [string, string, string];
    const first = { 'data-1': 'value-1' };
    await objects.create(holding(source, gone, first));
    await objects.create(holding(source, changed, first));
    const seen = { gone: 'data-1', changed: 'data-3', late: 'data-1' };
    const scripts = Object.entries(seen).map(([name, key]) => ({
      name,
      run: readForEver(`/etc/${name}/${key}`),
      mounts: { [name]: `/etc/${name}` },
    }));
    const optional = { optional: true };
    const volumes = { gone: source.volume(gone, optional), changed: source.volume(changed, optional), late: source.volume(late, optional) };
    const pod = scriptPod(c.unique('pod'), scripts, volumes);
    const { name } = pod.metadata;
    await started(c, pod);
    await prints(c, name, 'missing', { container: 'late' });
    await prints(c, name, 'missing', { container: 'changed' });
    await prints(c, name, 'value-1', { container: 'gone' });
    await objects.remove(gone);
    await objects.patch(changed, { data: { 'data-1': null, ...holding(source, changed, { 'data-3': 'value-3' }).data } }, 'merge');
    await objects.create(holding(source, late, first));
    await prints(c, name, 'value-1', { container: 'late' });
    await prints(c, name, 'value-3', { container: 'changed' });
    await prints(c, name, 'missing', { container: 'gone', after: 'value-1' });
    await podsOf(c).remove(name);
  };
};

/** Text and bytes of one ConfigMap. */
const binaryData: Spec = async (c) => {
  const name = c.unique('files');
  const bytes = Buffer.from([0xde, 0xca, 0xfe, 0xba, 0xd0, 0xfe, 0xff]).toString('base64');
  await objectsOf(c, configMaps).create({ ...holding(configMaps, name, { 'data-1': 'value-1' }), binaryData: { 'dump.bin': bytes } });
  const mounts = { volume: '/etc/volume' };
  const text = { name: 'text', run: readForEver('/etc/volume/data-1'), mounts };
  const binary = { name: 'binary', run: 'hexdump -C /etc/volume/dump.bin | head -n 1 | cut -c11-30', mounts };
  const pod = scriptPod(c.unique('pod'), [text, binary], { volume: configMaps.volume(name) });
  await started(c, pod);
  await prints(c, pod.metadata.name, 'value-1', { container: 'text' });
  await prints(c, pod.metadata.name, 'de ca fe ba d0 fe ff', { container: 'binary' });
  await podsOf(c).remove(pod.metadata.name);
};

/** What pods see of ConfigMaps and Secrets that change. */
export const changes: Readonly<Record<string, Spec>> = {
  ...Object.fromEntries(
    [configMaps, projectedConfigMaps].map((source) => [
      `[sig-storage] ${source.feature} updates should be reflected in volume [NodeConformance]`,
      updates(source),
    ]),
  ),
  ...Object.fromEntries(
    [configMaps, projectedConfigMaps, secrets, projectedSecrets].map((source) => [
      `[sig-storage] ${source.feature} optional updates should be reflected in volume [NodeConformance]`,
      optionalUpdates(source),
    ]),
  ),
  '[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance]': binaryData,
};
