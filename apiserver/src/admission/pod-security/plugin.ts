import type { Clock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { forbidden, internalError, invalid } from '@keelson/machinery';
import { CronJob, Namespace, Pod, type PodTemplateSpec } from '@keelson/types';
import { parseEntry } from '../../registry/entry.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts';
import type { PodShape } from './check.ts';
import type { PodSecurityConfiguration } from './configuration.ts';
import { isSignificant, type Judgement, judge } from './decide.ts';
import { existingPodWarnings } from './existing-pods.ts';
import { compareLevels, isPrivileged, labelPrefix, namedModes, policyOf, sameLevelVersion, samePolicy } from './levels.ts';
import type { Counted, PodSecurityMetrics } from './metrics.ts';

export interface PodSecurityDeps {
  readonly configuration: PodSecurityConfiguration;
  readonly metrics: PodSecurityMetrics;
  readonly clock: Clock;
}

/** Subresources of pods that are no pods, or change nothing of what a pod may do. */
const otherParts = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);

/** Milliseconds the pods of a namespace that becomes stricter are read for. */
const patience = 1_000;

/**
 * `PodSecurity`: pods keep to the profile of the Pod Security Standards that their namespace's labels name. What pods are made from is
 * warned of and audited only.
 */
export function podSecurity(deps: PodSecurityDeps): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    validate(attributes) {
      const { operation, store, subresource } = attributes;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return;
      const { typeName } = store.kind;
      if (typeName === Namespace.typeName) return subresource === '' ? validateNamespace(deps, attributes) : undefined;
      if (typeName === Pod.typeName) return otherParts.has(subresource) ? undefined : validatePod(deps, attributes);
      if (subresource === '' && makers.has(`${store.kind.group}/${store.kind.resource}`)) return validateMaker(deps, attributes);
    },
  };
}

const makers = new Set([
  ...['/replicationcontrollers', '/podtemplates', 'apps/replicasets', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets'],
  ...['batch/jobs', 'batch/cronjobs'],
]);

function validatePod(deps: PodSecurityDeps, attributes: AdmissionAttributes): Promise<void> | void {
  if (isExempt(deps, attributes)) return;
  return withLabels(attributes, (labels) => {
    if (labels === undefined) {
      deps.metrics.failed(true, countedOf(attributes));
      throw internalError(new Error(`failed to lookup namespace "${attributes.namespace}"`));
    }
    const asked = policyOf(labels, deps.configuration.defaults);
    if (asked.errors.length === 0 && isPrivileged(asked.policy)) {
      attributes.annotate?.(`${labelPrefix}enforce-policy`, 'privileged:latest');
      deps.metrics.evaluated({ mode: 'enforce', levelVersion: asked.policy.enforce, allowed: true }, countedOf(attributes));
      return;
    }
    const pod = attributes.object as Pod;
    if (attributes.old && !isSignificant(pod, attributes.old as Pod)) return;
    if (isExemptClass(deps, attributes, pod.spec.runtimeClassName)) return;
    tell(deps, attributes, judge(asked, shapeOf(pod), true), asked.errors.length > 0);
  });
}

function validateMaker(deps: PodSecurityDeps, attributes: AdmissionAttributes): Promise<void> | void {
  if (isExempt(deps, attributes)) return;
  return withLabels(attributes, (labels) => {
    if (labels === undefined) {
      deps.metrics.failed(true, countedOf(attributes));
      attributes.annotate?.(`${labelPrefix}error`, `failed to lookup namespace "${attributes.namespace}"`);
      return;
    }
    const asked = policyOf(labels, deps.configuration.defaults);
    const { policy, errors } = asked;
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return;
    const template = templateOf(attributes.store.kind.typeName, attributes.object);
    if (!template?.spec || isExemptClass(deps, attributes, template.spec.runtimeClassName)) return;
    const { metadata, spec } = template;
    tell(deps, attributes, judge(asked, { annotations: metadata?.annotations ?? {}, spec }, false), errors.length > 0);
  });
}

function templateOf(typeName: string, object: KubeObject | undefined): PodTemplateSpec | undefined {
  if (typeName === CronJob.typeName) return (object as CronJob).spec?.jobTemplate?.spec?.template;
  const { spec, template } = object as { spec?: { template?: PodTemplateSpec }; template?: PodTemplateSpec };
  return spec?.template ?? template;
}

function shapeOf({ metadata, spec }: Pod): PodShape {
  return { annotations: metadata.annotations ?? {}, spec };
}

/** The labels of the namespace, from the cache where it knows it: then nothing waits. */
function withLabels(
  { registry, namespace }: AdmissionAttributes,
  then: (labels: Readonly<Record<string, string>> | undefined) => void,
): Promise<void> | void {
  const store = registry.of(Namespace);
  const labels = store.cache.get(store.keyOf('', namespace))?.labels;
  if (labels) return then(labels);
  return registry.readFresh(Namespace, '', namespace).then((found) => then(found && (found.metadata.labels ?? {})));
}

function tell({ metrics }: PodSecurityDeps, attributes: AdmissionAttributes, judgement: Judgement, mistaken: boolean): void {
  const about = countedOf(attributes);
  if (mistaken) metrics.failed(false, about);
  for (const evaluation of judgement.evaluations) metrics.evaluated(evaluation, about);
  for (const [key, value] of Object.entries(judgement.annotations)) attributes.annotate?.(labelPrefix + key, value);
  if (judgement.refusal !== undefined) throw forbidden(attributes.store.groupResource, attributes.name, judgement.refusal);
  attributes.warnings.push(...judgement.warnings);
}

function isExempt(deps: PodSecurityDeps, attributes: AdmissionAttributes): boolean {
  const { namespaces, usernames } = deps.configuration.exemptions;
  if (namespaces.includes(attributes.namespace)) return exempt(deps, attributes, 'namespace');
  return usernames.includes(attributes.user.name) && exempt(deps, attributes, 'user');
}

function isExemptClass(deps: PodSecurityDeps, attributes: AdmissionAttributes, name: string | undefined): boolean {
  return Boolean(name) && deps.configuration.exemptions.runtimeClasses.includes(name ?? '') && exempt(deps, attributes, 'runtimeClass');
}

function exempt({ metrics }: PodSecurityDeps, attributes: AdmissionAttributes, why: 'namespace' | 'user' | 'runtimeClass'): true {
  metrics.exempted(countedOf(attributes));
  attributes.annotate?.(`${labelPrefix}exempt`, why);
  return true;
}

function countedOf({ operation, store, subresource }: AdmissionAttributes): Counted {
  const { typeName } = store.kind;
  const resource = typeName === Pod.typeName ? 'pod' : typeName === Namespace.typeName ? 'namespace' : 'controller';
  return { request_operation: operation.toLowerCase(), resource, subresource };
}

/** Labels must say something that is understood, unless they did not before; who makes a namespace stricter is told of its pods. */
function validateNamespace(deps: PodSecurityDeps, attributes: AdmissionAttributes): void {
  const { name, object, old, store, warnings } = attributes;
  const { defaults, exemptions } = deps.configuration;
  const labels = (object as Namespace).metadata.labels ?? {};
  const { policy, errors } = policyOf(labels, defaults);
  const before = old && policyOf((old as Namespace).metadata.labels ?? {}, defaults);
  if (errors.length > 0 && JSON.stringify(errors) !== JSON.stringify(before?.errors))
    throw invalid({ group: store.kind.group, kind: store.kind.kind }, name, errors);
  if (before && !isStricter(policy.enforce, before.policy.enforce)) return;
  if (exemptions.namespaces.includes(name)) {
    if (isPrivileged(policy) || samePolicy(policy, defaults)) return;
    warnings.push(`namespace "${name}" is exempt from Pod Security, and the policy (${namedModes(labels, policy)}) will be ignored`);
  } else if (before) warnings.push(...existingPodWarnings(podsOf(deps, attributes), policy.enforce));
}

function isStricter(next: Parameters<typeof sameLevelVersion>[0], old: typeof next): boolean {
  if (next.level === 'privileged' || sameLevelVersion(next, old)) return false;
  return next.minor !== old.minor || compareLevels(next.level, old.level) > 0;
}

function podsOf({ clock, configuration }: PodSecurityDeps, { registry, name: namespace }: AdmissionAttributes) {
  const store = registry.of(Pod);
  const until = clock.now() + patience;
  const pods: Pod[] = [];
  let total = 0;
  store.cache.each(store.scopeOf(namespace), (entry) => {
    total++;
    if (clock.now() >= until) return true;
    const pod = parseEntry<Pod>(entry);
    if (configuration.exemptions.runtimeClasses.includes(pod.spec.runtimeClassName ?? '')) total--;
    else pods.push(pod);
    return true;
  });
  return { namespace, pods, total };
}
