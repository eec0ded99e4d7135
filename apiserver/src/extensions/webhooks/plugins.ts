import { errorMessage, type Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { badRequest, equal, internalError, StatusError } from '@keelson/machinery';
import { MutatingWebhookConfiguration, Namespace, type ObjectMeta, ValidatingWebhookConfiguration } from '@keelson/types';
import { listObjects } from '../../admission/objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import type { Webhook } from '../../kinds/admissionregistration/webhook-validation.ts';
import { isExempt } from '../policies/exempt.ts';
import type { WebhookCaller } from './caller.ts';
import { checkConditions } from './conditions.ts';
import { matches, type Subject } from './match.ts';
import { callFailure, denial, patched, reviewOf, type Verdict, verdictOf } from './review.ts';

export interface WebhookDeps {
  readonly caller: WebhookCaller;
  readonly random: Random;
  /** Brings what a webhook made of an object back into its kind's shape. @throws StatusError when it has none. */
  reshape(attributes: AdmissionAttributes, object: KubeObject): KubeObject;
}

/** `MutatingAdmissionWebhook`: one webhook after another, each given what those before it made. */
export function mutatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionWebhook',
    async admit(attributes) {
      const hooks = relevant(hooksOf(attributes, MutatingWebhookConfiguration), attributes);
      const asked: Webhook[] = [];
      let lastChange: Webhook | undefined;
      for (const hook of hooks) {
        if (await mutate(deps, hook, attributes)) lastChange = hook;
        asked.push(hook);
      }
      // What ran before somebody else changed the object may want another look, once.
      for (const hook of asked) {
        if (lastChange === undefined || hook === lastChange) break;
        if (hook.reinvocationPolicy === 'IfNeeded') await mutate(deps, hook, attributes);
      }
    },
  };
}

/** `ValidatingAdmissionWebhook`: all at once; any may refuse. */
export function validatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    async validate(attributes) {
      const hooks = relevant(hooksOf(attributes, ValidatingWebhookConfiguration), attributes);
      const results = await Promise.allSettled(hooks.map((hook) => ask(deps, hook, attributes)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

function hooksOf(
  { registry }: AdmissionAttributes,
  kind: typeof MutatingWebhookConfiguration | typeof ValidatingWebhookConfiguration,
): Webhook[] {
  const { cache } = registry.of(kind);
  if (cache.size === 0) return [];
  return listObjects(registry, kind as typeof MutatingWebhookConfiguration).flatMap(({ webhooks = [] }) => webhooks as Webhook[]);
}

function relevant(hooks: readonly Webhook[], attributes: AdmissionAttributes): Webhook[] {
  const { kind } = attributes.store;
  if (hooks.length === 0 || isExempt(kind)) return [];
  const subject = subjectOf(attributes);
  return hooks.filter((hook) => matches(hook, subject) && meetsConditions(hook, attributes));
}

/** What the rules and selectors of a webhook or policy look at. */
export function subjectOf({ store, operation, subresource, namespace, object, old, registry }: AdmissionAttributes): Subject {
  const { group, version, resource, namespaced } = store.kind;
  const labels = [object, old].map((one) => one && ((one.metadata as ObjectMeta | undefined)?.labels ?? {}));
  const itself = group === '' && resource === 'namespaces';
  const within = namespaced ? (registry.read(Namespace, '', namespace)?.metadata.labels ?? {}) : undefined;
  return {
    operation,
    group,
    version,
    resource,
    subresource,
    namespaced,
    labels,
    namespaceLabels: itself ? (labels[0] ?? labels[1]) : within,
  };
}

/** Conditions that cannot be computed fail as the webhook itself would. */
function meetsConditions(hook: Webhook, attributes: AdmissionAttributes): boolean {
  const found = checkConditions(hook.matchConditions, attributes);
  if (found.type !== 'failed') return found.type === 'met';
  if (hook.failurePolicy === 'Ignore') return false;
  throw callFailure(hook.name, `failed to evaluate match conditions: ${found.why}`);
}

/** Resolves to whether the webhook changed the object. */
async function mutate(deps: WebhookDeps, hook: Webhook, attributes: AdmissionAttributes): Promise<boolean> {
  const { patch } = (await ask(deps, hook, attributes)) ?? {};
  const { object } = attributes;
  if (!patch || !object) return false;
  const before = structuredClone(object);
  replace(object, deps.reshape(attributes, apply(hook, before, patch)));
  return !equal(object, before);
}

function apply(hook: Webhook, object: KubeObject, patch: string): KubeObject {
  try {
    return patched(object, patch);
  } catch (error) {
    throw internalError(new Error(`admission webhook ${JSON.stringify(hook.name)}: the patch does not apply: ${errorMessage(error)}`));
  }
}

/** The object all hold stays the same one; what is in it is another. */
export function replace(object: KubeObject, next: KubeObject): void {
  for (const name of Object.keys(object)) if (!(name in next)) delete (object as unknown as Record<string, unknown>)[name];
  Object.assign(object, next);
}

/** Resolves to what the webhook says, if it could be asked. @throws StatusError when it refuses, or when it fails and that matters. */
async function ask(deps: WebhookDeps, hook: Webhook, attributes: AdmissionAttributes): Promise<Verdict | undefined> {
  if (attributes.dryRun && !['None', 'NoneOnDryRun'].includes(hook.sideEffects ?? ''))
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
  const verdict = await call(deps, hook, attributes).catch((error: unknown) => {
    if (hook.failurePolicy === 'Ignore') return undefined;
    throw error instanceof StatusError ? error : callFailure(hook.name, errorMessage(error));
  });
  if (!verdict) return undefined;
  attributes.warnings.push(...(verdict.warnings ?? []));
  if (!verdict.allowed) throw denial(hook.name, verdict, attributes.store.groupResource, attributes.name);
  return verdict;
}

const spoken = ['v1', 'v1beta1'];

async function call({ caller, random }: WebhookDeps, hook: Webhook, attributes: AdmissionAttributes): Promise<Verdict> {
  const versions = (hook.admissionReviewVersions ?? []).filter((version) => spoken.includes(version));
  const uid = random.uuid();
  const review = reviewOf(attributes, uid, versions[0] ?? 'v1');
  const answer = await caller.post(hook.clientConfig ?? {}, review, (hook.timeoutSeconds ?? 10) * 1000);
  return verdictOf(answer, uid, versions);
}
