import { isDNS1123Subdomain, newControllerRef } from '@keelson/machinery';
import { type Container, Job, type Pod } from '@keelson/types';
import { completionIndex, failureCount, failuresBefore, ignoredFailureCount, trackingFinalizer } from './pods.ts';
import { counts } from './policies.ts';

/** Room for five random characters in a name of at most 63. */
const longestPrefix = 58;

/** A new pod of a job, counted when it ends. */
export function podFrom({ metadata, spec }: Job): Pod {
  const { labels, annotations, finalizers = [] } = spec.template.metadata ?? {};
  const { name = '' } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: isDNS1123Subdomain(`${name}-`, true).length === 0 ? `${name}-` : name,
      namespace: metadata.namespace,
      labels,
      annotations,
      finalizers: finalizers.includes(trackingFinalizer) ? finalizers : [...finalizers, trackingFinalizer],
      ownerReferences: [newControllerRef(metadata, Job)],
    },
    spec: spec.template.spec ?? { containers: [] },
  };
}

/** A pod for one index, which it is told in its environment, its labels and its hostname. `before` is the failed one it replaces. */
export function indexedPodFrom(job: Job, index: number, before: Pod | undefined): Pod {
  const pod = podFrom(job);
  const { name = '' } = job.metadata;
  const { containers, initContainers, ...spec } = pod.spec;
  const perIndex = job.spec.backoffLimitPerIndex === undefined ? {} : failureCounts(job, before);
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${name.slice(0, longestPrefix - `-${index}-`.length)}-${index}-`,
      labels: { ...pod.metadata.labels, [completionIndex]: String(index) },
      annotations: { ...pod.metadata.annotations, [completionIndex]: String(index), ...perIndex },
    },
    spec: {
      ...spec,
      containers: containers.map(withIndex),
      ...(initContainers ? { initContainers: initContainers.map(withIndex) } : {}),
      hostname: `${name}-${index}`,
    },
  };
}

function failureCounts({ spec }: Job, before: Pod | undefined): Record<string, string> {
  if (!before) return { [failureCount]: '0' };
  const { counted, all } = failuresBefore(before);
  const counting = counts(spec, before);
  const ignored = all - counted + (counting ? 0 : 1);
  return {
    [failureCount]: String(counted + (counting ? 1 : 0)),
    ...(ignored > 0 ? { [ignoredFailureCount]: String(ignored) } : {}),
  };
}

const variable = 'JOB_COMPLETION_INDEX';

function withIndex(container: Container): Container {
  if (container.env?.some(({ name }) => name === variable)) return container;
  const env = { name: variable, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndex}']` } } };
  return { ...container, env: [...(container.env ?? []), env] };
}
