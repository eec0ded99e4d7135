import { errorMessage } from '@keelson/base';
import { forbidden, notFound, qosClass } from '@keelson/machinery';
import { Namespace, Pod, type Toleration } from '@keelson/types';
import { isWriteOf } from './objects.ts';
import { areAllowed, mergeTolerations } from './tolerations.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

export interface PodTolerationConfiguration {
  /** What pods get in namespaces that say nothing themselves. */
  readonly default: readonly Toleration[];
  /** What they may have there; anything where it is empty. */
  readonly whitelist: readonly Toleration[];
}

export const noPodTolerations: PodTolerationConfiguration = { default: [], whitelist: [] };

const apiVersions = ['podtolerationrestriction.admission.k8s.io/v1alpha1', 'podtolerationrestriction.admission.k8s.io/v1beta1'];

/** @throws Error in one sentence. */
export function parsePodTolerations(document: unknown): PodTolerationConfiguration {
  const stated = (document ?? {}) as Partial<PodTolerationConfiguration> & { kind?: string; apiVersion?: string };
  if (stated.kind !== 'Configuration' || !apiVersions.includes(stated.apiVersion ?? ''))
    throw new Error(`expected a Configuration of ${apiVersions[0]}`);
  return { default: stated.default ?? [], whitelist: stated.whitelist ?? [] };
}

const defaults = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const whitelist = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const memoryPressure: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' };

/** Pods of a namespace put up with what it says, and with nothing it does not allow. */
export function podTolerationRestriction(settings: PodTolerationConfiguration): AdmissionPlugin {
  return {
    name: 'PodTolerationRestriction',
    async admit(attributes) {
      if (!isWriteOf(attributes, Pod, 'CREATE')) return;
      const pod = attributes.object as Pod;
      const given = (await ofNamespace(attributes, defaults)) ?? settings.default;
      const added = qosClass(pod) === 'BestEffort' ? [] : [memoryPressure];
      const merged = mergeTolerations([...given, ...(pod.spec.tolerations ?? [])], added);
      if (merged.length > 0) pod.spec.tolerations = merged;
    },
    async validate(attributes) {
      if (!isWriteOf(attributes, Pod, 'CREATE', 'UPDATE')) return;
      const allowed = (await ofNamespace(attributes, whitelist)) ?? settings.whitelist;
      if (areAllowed((attributes.object as Pod).spec.tolerations ?? [], allowed)) return;
      throw refusal(
        attributes,
        'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
      );
    },
  };
}

/** What an annotation of the namespace says, as JSON; undefined where it is not there. */
async function ofNamespace(attributes: AdmissionAttributes, annotation: string): Promise<Toleration[] | undefined> {
  const found = await attributes.registry.readFresh(Namespace, '', attributes.namespace);
  if (!found) throw notFound({ group: '', resource: 'namespaces' }, attributes.namespace);
  const text = found.metadata.annotations?.[annotation];
  if (text === undefined) return undefined;
  try {
    const list = JSON.parse(text || '[]') as unknown;
    if (Array.isArray(list)) return list as Toleration[];
    throw new Error(`annotation ${annotation} of namespace ${attributes.namespace} is no list`);
  } catch (error) {
    throw refusal(attributes, errorMessage(error));
  }
}

function refusal({ store, name }: AdmissionAttributes, why: string): Error {
  return forbidden(store.groupResource, name, why);
}
