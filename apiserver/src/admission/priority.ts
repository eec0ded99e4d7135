import { forbidden } from '@keelson/machinery';
import { Pod, PriorityClass } from '@keelson/types';
import { isWriteOf, listObjects } from './objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** Says in numbers what a pod's priority class says by name, so that nobody has to look the class up again. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  async admit(attributes) {
    if (isWriteOf(attributes, Pod, 'CREATE')) await setPriority(attributes);
    else if (isWriteOf(attributes, Pod, 'UPDATE')) keepPriority(attributes);
  },
  validate(attributes) {
    if (isWriteOf(attributes, PriorityClass, 'CREATE', 'UPDATE')) checkOnlyDefault(attributes);
  },
};

async function setPriority(attributes: AdmissionAttributes): Promise<void> {
  const { spec } = attributes.object as Pod;
  const found = await classOf(attributes, spec.priorityClassName);
  if (found && !spec.priorityClassName) spec.priorityClassName = found.metadata.name;
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (spec.priority !== undefined && spec.priority !== value)
    throw refusal(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  if (spec.preemptionPolicy && spec.preemptionPolicy !== policy)
    throw refusal(
      attributes,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

/** A manifest that is put once more does not say what was decided at its creation. */
function keepPriority({ object, old }: AdmissionAttributes): void {
  const { spec } = object as Pod;
  const { priority, preemptionPolicy } = (old as Pod).spec;
  spec.priority ??= priority;
  spec.preemptionPolicy ??= preemptionPolicy;
}

/** The class a pod names; else the cluster's default one, the lowest where there are several. */
async function classOf(attributes: AdmissionAttributes, name: string | undefined): Promise<PriorityClass | undefined> {
  if (!name) return defaults(attributes).sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
  const found = await attributes.registry.readFresh(PriorityClass, '', name);
  if (!found) throw refusal(attributes, `no PriorityClass with name ${name} was found`);
  return found;
}

function defaults({ registry }: AdmissionAttributes): PriorityClass[] {
  return listObjects(registry, PriorityClass).filter(({ globalDefault }) => globalDefault);
}

function checkOnlyDefault(attributes: AdmissionAttributes): void {
  const { globalDefault, metadata } = attributes.object as PriorityClass;
  if (!globalDefault) return;
  const other = defaults(attributes).find((one) => one.metadata.name !== metadata.name);
  if (other) throw refusal(attributes, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
}

function refusal({ store, name }: AdmissionAttributes, why: string): Error {
  return forbidden(store.groupResource, name, why);
}
