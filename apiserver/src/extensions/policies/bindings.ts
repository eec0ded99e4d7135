import { labelSelectorMatcher } from '@keelson/machinery';
import {
  type MatchResources,
  type NamedRuleWithOperations,
  Namespace,
  type ObjectMeta,
  type ParamKind,
  type ParamRef,
} from '@keelson/types';
import type { AdmissionAttributes } from '../../admission/types.ts';
import { parseEntry } from '../../registry/entry.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import type { Registry } from '../../registry/registry.ts';
import { toCel } from '../cel/values.ts';
import { matches, ruleMatches, type Subject } from '../webhooks/match.ts';
import { reviewOf } from '../webhooks/review.ts';
import type { Values } from './program.ts';

/** Whether a policy's, or a binding's, own constraints take in a write. A binding without any takes what its policy takes. */
export function inScope(resources: MatchResources | undefined, subject: Subject, name: string): boolean {
  if (!resources) return true;
  const { resourceRules, excludeResourceRules = [], namespaceSelector, objectSelector } = resources;
  const named = (rule: NamedRuleWithOperations): boolean => !rule.resourceNames?.length || rule.resourceNames.includes(name);
  const fits = (rule: NamedRuleWithOperations): boolean =>
    named(rule) && ruleMatches({ ...rule, operations: rule.operations ?? [] } as never, subject);
  if (excludeResourceRules.some(fits)) return false;
  if (!resourceRules?.length) return matches({ rules: [everything], namespaceSelector, objectSelector }, subject);
  return matches({ rules: resourceRules.filter(named) as never, namespaceSelector, objectSelector }, subject);
}

const everything = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*', '*/*'] };

/** What every expression about a write can name. */
export function valuesOf(attributes: AdmissionAttributes): Values {
  const { request } = reviewOf(attributes, '', 'v1') as { request: { object: unknown; oldObject: unknown } };
  const { object, oldObject, ...rest } = request;
  const { store, registry, namespace } = attributes;
  const within = store.kind.namespaced ? registry.read(Namespace, '', namespace) : undefined;
  return { object: toCel(object), oldObject: toCel(oldObject), request: toCel(rest), namespaceObject: toCel(within ?? null) };
}

/** The parameters a binding names: one `null` where the policy has none. @throws Error when there are none and that matters. */
export function paramsOf(
  kind: ParamKind | undefined,
  ref: ParamRef | undefined,
  { registry, namespace, store }: AdmissionAttributes,
): unknown[] {
  if (!kind || !ref) return [null];
  const params = storeOf(registry, kind);
  if (!params) throw new Error(`failed to find resource referenced by paramKind: '${kind.apiVersion}, Kind=${kind.kind}'`);
  const where = params.kind.namespaced ? (ref.namespace ?? namespace) : '';
  if (params.kind.namespaced && where === '' && !store.kind.namespaced)
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

function storeOf(registry: Registry, { apiVersion, kind }: ParamKind): KindStore | undefined {
  return [...registry.stores].find((store) => store.kind.apiVersion === apiVersion && store.kind.kind === kind);
}
