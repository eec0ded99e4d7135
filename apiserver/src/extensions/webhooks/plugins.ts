import { errorMessage, type Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { badRequest, copyOf, equal, forbidden, internalError, StatusError } from '@keelson/machinery';
import { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '@keelson/types';
import { listObjects } from '../../admission/objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/types.ts';
import type { Services } from '../../http/services.ts';
import type { Webhook } from '../../kinds/admissionregistration/webhook-validation.ts';
import type { KindStore } from '../../registry/kind-store.ts';
import { Decisions } from '../cel/decisions.ts';
import { isExempt } from '../policies/exempt.ts';
import type { WebhookCaller } from './caller.ts';
import { checkConditions, requestValues } from './conditions.ts';
import type { FindCredentials } from './credentials.ts';
import { matchedVersion, replace, shownIn, takeBack } from './equivalents.ts';
import { matches } from './match.ts';
import { callFailure, denial, patched, reviewOf, type Verdict, verdictOf } from './review.ts';

export interface WebhookDeps {
  readonly caller: WebhookCaller;
  /** What webhooks are shown; nothing unless told. */
  readonly credentials?: FindCredentials | undefined;
  readonly random: Random;
  readonly authorize: Services['authorize'];
  /** Brings what a webhook made of an object back into its kind's shape. @throws StatusError when it has none. */
  reshape(attributes: AdmissionAttributes, object: KubeObject): KubeObject;
}

/** `MutatingAdmissionWebhook`: one webhook after another, each given what those before it made. */
export function mutatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  return {
    name: 'MutatingAdmissionWebhook',
    async admit(attributes) {
      const hooks = relevant(hooksOf(attributes, MutatingWebhookConfiguration), attributes);
      const decisions = new Decisions(deps.authorize, attributes.user);
      const asked: Relevant[] = [];
      let lastChange: Relevant | undefined;
      for (const one of hooks) {
        if (await mutate(deps, one, attributes, decisions)) lastChange = one;
        asked.push(one);
      }
      // What ran before somebody else changed the object may want another look, once.
      for (const one of asked) {
        if (lastChange === undefined || one === lastChange) break;
        if (one.hook.reinvocationPolicy === 'IfNeeded') await mutate(deps, one, attributes, decisions);
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
      const decisions = new Decisions(deps.authorize, attributes.user);
      const results = await Promise.allSettled(
        hooks.map(async ({ hook, version }) => {
          const shown = await shownIn(attributes, version);
          if (await meetsConditions(hook, shown, decisions)) await ask(deps, hook, shown);
        }),
      );
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

/** A webhook that wants to hear of a write, and the version it wants to see it in. */
interface Relevant {
  readonly hook: Webhook;
  readonly version: KindStore;
}

function relevant(hooks: readonly Webhook[], attributes: AdmissionAttributes): Relevant[] {
  if (hooks.length === 0 || isExempt(attributes.store.kind)) return [];
  return hooks.flatMap((hook) => {
    const version = matchedVersion(attributes, hook.matchPolicy, (subject) => matches(hook, subject));
    return version ? [{ hook, version }] : [];
  });
}

/** Conditions that cannot be computed refuse the write, unless the webhook may be passed by. @throws StatusError Forbidden. */
async function meetsConditions(hook: Webhook, shown: AdmissionAttributes, decisions: Decisions): Promise<boolean> {
  if (!hook.matchConditions?.length) return true;
  const values = { ...requestValues(shown), ...decisions.variables(shown) };
  const found = await decisions.settle(() => checkConditions(hook.matchConditions, values, 'webhook'));
  if (found.type !== 'failed') return found.type === 'met';
  if (hook.failurePolicy === 'Ignore') return false;
  throw forbidden(shown.store.groupResource, shown.name, found.why);
}

/** Resolves to whether the webhook changed the object. */
async function mutate(
  deps: WebhookDeps,
  { hook, version }: Relevant,
  attributes: AdmissionAttributes,
  decisions: Decisions,
): Promise<boolean> {
  const shown = await shownIn(attributes, version);
  if (!(await meetsConditions(hook, shown, decisions))) return false;
  const { patch } = (await ask(deps, hook, shown)) ?? {};
  const { object } = attributes;
  if (!patch || !object || !shown.object) return false;
  const before = copyOf(object);
  replace(shown.object, deps.reshape(shown, apply(hook, copyOf(shown.object), patch)));
  await takeBack(attributes, shown);
  return !equal(object, before);
}

function apply(hook: Webhook, object: KubeObject, patch: string): KubeObject {
  try {
    return patched(object, patch);
  } catch (error) {
    throw internalError(new Error(`admission webhook ${JSON.stringify(hook.name)}: the patch does not apply: ${errorMessage(error)}`));
  }
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
  for (const [key, value] of Object.entries(verdict.auditAnnotations ?? {})) attributes.annotate?.(`${hook.name}/${key}`, String(value));
  if (!verdict.allowed) throw denial(hook.name, verdict, attributes.store.groupResource, attributes.name);
  return verdict;
}

const spoken = ['v1', 'v1beta1'];

async function call({ caller, credentials, random }: WebhookDeps, hook: Webhook, attributes: AdmissionAttributes): Promise<Verdict> {
  const versions = (hook.admissionReviewVersions ?? []).filter((version) => spoken.includes(version));
  const uid = random.uuid();
  const review = reviewOf(attributes, uid, versions[0] ?? 'v1');
  const answer = await caller.post(hook.clientConfig ?? {}, review, (hook.timeoutSeconds ?? 10) * 1000, credentials);
  return verdictOf(answer, uid, versions);
}
