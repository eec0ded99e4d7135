import type { KubeObject } from '@keelson/client';
import { labelSelectorMatcher } from '@keelson/machinery';
import {
  type Kind,
  type MatchResources,
  type NamedRuleWithOperations,
  Namespace,
  type ObjectMeta,
  type ParamKind,
  type ParamRef,
} from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import { parseEntry, sharedEntry } from '../../registry/entry.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import type { Registry } from '../../registry/registry.ts';
import { toCel } from '../cel/values.ts';
import { requestValues, type Values } from '../webhooks/conditions.ts';
import { matchedVersion, subjectOf } from '../webhooks/equivalents.ts';
import { matches, ruleMatches, type Subject } from '../webhooks/match.ts';

/** What policies of both sorts, and their bindings, say of where they hold. */
interface Policy extends KubeObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly matchConstraints?: MatchResources | undefined } | undefined;
}

interface Binding extends KubeObject {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly policyName?: string | undefined; readonly matchResources?: MatchResources | undefined } | undefined;
}

/** A policy that is to be asked of a write, by one binding, and the version it sees the write in. */
export interface Bound<P, B> {
  readonly policy: P;
  readonly binding: B;
  readonly version: KindStore;
}

/** What is bound to a write: policies by name, the bindings of each by name. */
export function boundTo<P extends Policy, B extends Binding>(
  attributes: AdmissionAttributes,
  policies: Kind<P>,
  bindings: Kind<B>,
): Bound<P, B>[] {
  const { registry, name } = attributes;
  const found = readAll(registry, bindings).flatMap((binding): Bound<P, B>[] => {
    const policy = registry.read(policies, '', binding.spec?.policyName ?? '');
    const constraints = policy?.spec?.matchConstraints;
    if (!policy || !constraints) return [];
    const version = matchedVersion(attributes, constraints.matchPolicy, (subject) => inScope(constraints, subject, name));
    return version && bindingTakes(binding.spec?.matchResources, attributes, version) ? [{ policy, binding, version }] : [];
  });
  return found.sort((a, b) => order(a.policy, b.policy) || order(a.binding, b.binding));
}

function order(a: KubeObject, b: KubeObject): number {
  const [first = '', second = ''] = [a.metadata.name, b.metadata.name];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** A binding without constraints takes what its policy takes. */
function bindingTakes(resources: MatchResources | undefined, attributes: AdmissionAttributes, version: KindStore): boolean {
  if (!resources) return true;
  const fits = (subject: Subject): boolean => inScope(resources, subject, attributes.name);
  if (!resources.resourceRules?.length) return fits(subjectOf(attributes, version));
  return matchedVersion(attributes, resources.matchPolicy, fits) !== undefined;
}

/** Whether constraints take in a write. */
function inScope(resources: MatchResources, subject: Subject, name: string): boolean {
  const { resourceRules, excludeResourceRules = [], namespaceSelector, objectSelector } = resources;
  const named = (rule: NamedRuleWithOperations): boolean => !rule.resourceNames?.length || rule.resourceNames.includes(name);
  const fits = (rule: NamedRuleWithOperations): boolean =>
    named(rule) && ruleMatches({ ...rule, operations: rule.operations ?? [] } as never, subject);
  if (excludeResourceRules.some(fits)) return false;
  if (!resourceRules?.length) return matches({ rules: [everything], namespaceSelector, objectSelector }, subject);
  return matches({ rules: resourceRules.filter(named) as never, namespaceSelector, objectSelector }, subject);
}

const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'] };

function readAll<T extends KubeObject>(registry: Registry, kind: Kind<T>): Readonly<T>[] {
  const found: Readonly<T>[] = [];
  const { cache, prefix } = registry.of(kind);
  cache.each(prefix, (entry) => {
    found.push(sharedEntry<T>(entry));
    return true;
  });
  return found;
}

/** What every expression about a write can name, as the version that is shown has it. */
export function valuesOf(shown: AdmissionAttributes): Values {
  const { store, registry, namespace } = shown;
  const within = store.kind.namespaced ? registry.read(Namespace, '', namespace) : undefined;
  return { ...requestValues(shown), namespaceObject: toCel(within ?? null) };
}

/** The parameters a binding names: one `null` where the policy has none. @throws Error when there are none and that matters. */
export function paramsOf(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  { registry, namespace, store }: AdmissionAttributes,
): unknown[] {
  if (!kind || !ref) return [null];
  const params = registry.named(kind);
  if (!params) throw new Error(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`);
  const { namespaced } = params.kind;
  if (!namespaced && ref.namespace) throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const where = namespaced ? (ref.namespace ?? namespace) : '';
  if (namespaced && where === '' && !store.kind.namespaced)
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const found = find(params, ref, where);
  if (found.length > 0) return found.map(toCel);
  if (ref.parameterNotFoundAction === 'Allow') return [];
  throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
}

function find(params: KindStore, ref: ParamRef, namespace: string): unknown[] {
  if (ref.name) {
    const entry = params.cache.get(params.keyOf(namespace, ref.name));
    return entry ? [parseEntry(entry)] : [];
  }
  const selects = labelSelectorMatcher(ref.selector ?? {});
  const found: unknown[] = [];
  params.cache.each(params.scopeOf(namespace), (entry) => {
    if (selects.matches(entry.labels)) found.push(parseEntry<{ metadata: ObjectMeta }>(entry));
    return true;
  });
  return found;
}
