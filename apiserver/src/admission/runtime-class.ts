import { equal, forbidden } from '@keelson/machinery';
import { Pod, RuntimeClass, type Toleration } from '@keelson/types';
import { isWriteOf } from './objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** A pod that names a RuntimeClass gets what running so costs, and goes where it can be run so. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  async admit(attributes) {
    if (!isWriteOf(attributes, Pod, 'CREATE')) return;
    const { spec } = attributes.object as Pod;
    const found = await classOf(attributes, spec.runtimeClassName ?? '');
    const overhead = found?.overhead?.podFixed;
    if (overhead) {
      if (spec.overhead && !equal(spec.overhead, overhead))
        throw refusal(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      spec.overhead = { ...overhead };
    }
    if (found?.scheduling) addScheduling(attributes, found.scheduling);
  },
  async validate(attributes) {
    if (!isWriteOf(attributes, Pod, 'CREATE')) return;
    const { spec } = attributes.object as Pod;
    const found = await classOf(attributes, spec.runtimeClassName ?? '');
    if (spec.overhead && Object.keys(spec.overhead).length > 0 && !found?.overhead?.podFixed)
      throw refusal(attributes, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  },
};

async function classOf(attributes: AdmissionAttributes, name: string): Promise<RuntimeClass | undefined> {
  if (name === '') return undefined;
  const found = await attributes.registry.readFresh(RuntimeClass, '', name);
  if (!found) throw refusal(attributes, `pod rejected: RuntimeClass "${name}" not found`);
  return found;
}

function addScheduling(
  attributes: AdmissionAttributes,
  { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass['scheduling']>,
): void {
  const { spec } = attributes.object as Pod;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value)
      throw refusal(
        attributes,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const added = tolerations.filter((one) => !spec.tolerations?.some((own: Toleration) => equal(own, one)));
  if (added.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...added];
}

function refusal({ store, name }: AdmissionAttributes, why: string): Error {
  return forbidden(store.groupResource, name, why);
}
