import { errorMessage, type Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import {
  applyJsonPatch,
  badRequest,
  copyOf,
  equal,
  forbidden,
  goQuote,
  internalError,
  type JsonPatchOperation,
  StatusError,
} from '@keelson/machinery';
import { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '@keelson/types';
import { listObjects } from '../../admission/objects.ts';
import { Rounds } from '../../admission/rounds.ts';
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
import { callFailure, denial, operationsIn, responseOf, reviewOf } from './review.ts';

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
  const name = 'MutatingAdmissionWebhook';
  return {
    name,
    async admit(attributes) {
      const hooks = hooksOf(attributes, MutatingWebhookConfiguration);
      if (hooks.length === 0) return;
      const decisions = new Decisions(deps.authorize, attributes.user);
      const { rounds = new Rounds() } = attributes;
      const again = rounds.of(name);
      again.begin(attributes.object);
      for (const [index, one] of hooks.entries()) {
        const version = versionFor(one, attributes);
        if (!version || !again.takes(one.key)) continue;
        const changed = await mutate(
          deps,
          { ...one, version, place: `round_${rounds.isSecond ? 1 : 0}_index_${index}` },
          attributes,
          decisions,
        );
        again.asked(one.key, { changed, again: one.hook.reinvocationPolicy === 'IfNeeded' });
      }
      again.end(attributes.object);
    },
  };
}

/** `ValidatingAdmissionWebhook`: all at once; any may refuse. */
export function validatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    async validate(attributes) {
      const hooks = hooksOf(attributes, ValidatingWebhookConfiguration).flatMap((one) => {
        const version = versionFor(one, attributes);
        return version ? [{ ...one, version }] : [];
      });
      const decisions = new Decisions(deps.authorize, attributes.user);
      const results = await Promise.allSettled(
        hooks.map(async (one, index) => {
          const shown = await shownIn(attributes, one.version);
          const asked = { ...one, place: `round_0_index_${index}`, mutates: false };
          if (await meetsConditions(one.hook, shown, decisions)) await ask(deps, asked, shown);
        }),
      );
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

/** A webhook, and the configuration it stands in. */
interface Configured {
  readonly hook: Webhook;
  readonly configuration: string;
  /** What tells it from all others. */
  readonly key: string;
}

/** A webhook that wants to hear of a write. */
interface Relevant extends Configured {
  /** The version it wants to see it in. */
  readonly version: KindStore;
  /** In the audit log. */
  readonly place: string;
}

function hooksOf(
  { registry, store }: AdmissionAttributes,
  kind: typeof MutatingWebhookConfiguration | typeof ValidatingWebhookConfiguration,
): Configured[] {
  const { cache } = registry.of(kind);
  if (cache.size === 0 || isExempt(store.kind)) return [];
  return listObjects(registry, kind as typeof MutatingWebhookConfiguration).flatMap(({ metadata, webhooks = [] }) => {
    const { name: configuration = '' } = metadata;
    return (webhooks as Webhook[]).map((hook, index) => ({ hook, configuration, key: `${configuration}/${hook.name}/${index}` }));
  });
}

/** The version in which a webhook wants to see a write; undefined when it is not to hear of it. */
function versionFor({ hook }: Configured, attributes: AdmissionAttributes): KindStore | undefined {
  return matchedVersion(attributes, hook.matchPolicy, (subject) => matches(hook, subject));
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
async function mutate(deps: WebhookDeps, one: Relevant, attributes: AdmissionAttributes, decisions: Decisions): Promise<boolean> {
  const { hook, version, configuration, place } = one;
  const shown = await shownIn(attributes, version);
  if (!(await meetsConditions(hook, shown, decisions))) return false;
  let mutated = false;
  try {
    const { operations = [] } = (await ask(deps, { ...one, mutates: true }, shown)) ?? {};
    if (operations.length > 0) mutated = await change(deps, one, { attributes, shown, operations });
  } finally {
    const told = JSON.stringify({ configuration, webhook: hook.name, mutated });
    attributes.annotate?.(`mutation.webhook.admission.k8s.io/${place}`, told);
  }
  return mutated;
}

interface Wanted {
  readonly attributes: AdmissionAttributes;
  readonly shown: AdmissionAttributes;
  readonly operations: readonly JsonPatchOperation[];
}

async function change(
  deps: WebhookDeps,
  { hook, configuration, place }: Relevant,
  { attributes, shown, operations }: Wanted,
): Promise<boolean> {
  const { object } = attributes;
  if (!object || !shown.object) {
    const what = 'attempted to modify the object, which is not supported for this operation';
    throw internalError(new Error(`admission webhook ${goQuote(hook.name)} ${what}`));
  }
  const before = copyOf(object);
  replace(shown.object, deps.reshape(shown, patched(copyOf(shown.object), operations)));
  await takeBack(attributes, shown);
  const told = JSON.stringify({ configuration, webhook: hook.name, patch: operations, patchType: 'JSONPatch' });
  attributes.annotate?.(`patch.webhook.admission.k8s.io/${place}`, told, 'Request');
  return !equal(object, before);
}

function patched(object: KubeObject, operations: readonly JsonPatchOperation[]): KubeObject {
  try {
    return applyJsonPatch(object, operations) as KubeObject;
  } catch (error) {
    throw internalError(error);
  }
}

/** What a webhook that allows a write wants of it. */
interface Verdict {
  readonly operations: readonly JsonPatchOperation[];
}

/** One that is asked now. */
type Asked = Pick<Relevant, 'hook' | 'place'> & { readonly mutates: boolean };

/** Resolves to what the webhook says, if it could be asked. @throws StatusError when it refuses, or when it fails and that matters. */
async function ask(deps: WebhookDeps, asked: Asked, attributes: AdmissionAttributes): Promise<Verdict | undefined> {
  const { hook, place, mutates } = asked;
  if (attributes.dryRun && !['None', 'NoneOnDryRun'].includes(hook.sideEffects ?? ''))
    throw badRequest(`admission webhook ${goQuote(hook.name)} does not support dry run`);
  return call(deps, asked, attributes).catch((error: unknown) => {
    if (error instanceof StatusError) throw error;
    if (hook.failurePolicy !== 'Ignore') throw callFailure(hook.name, errorMessage(error));
    attributes.annotate?.(`failed-open.${mutates ? 'mutation' : 'validating'}.webhook.admission.k8s.io/${place}`, hook.name);
    return undefined;
  });
}

const spoken = ['v1', 'v1beta1'];

async function call(
  { caller, credentials, random }: WebhookDeps,
  { hook, mutates }: Asked,
  attributes: AdmissionAttributes,
): Promise<Verdict> {
  const version = (hook.admissionReviewVersions ?? []).find((one) => spoken.includes(one));
  if (!version) throw new Error('could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)');
  const uid = random.uuid();
  const timeout = (hook.timeoutSeconds ?? 10) * 1000;
  const answer = await caller
    .post(hook.clientConfig ?? {}, reviewOf(attributes, uid, version), timeout, credentials)
    .catch((error: unknown) => {
      throw new Error(`failed to call webhook: ${errorMessage(error)}`);
    });
  const response = responseOf(answer, { uid, version, mutates });
  attributes.warnings.push(...(response.warnings ?? []));
  for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) attributes.annotate?.(`${hook.name}/${key}`, String(value));
  if (!response.allowed) throw denial(hook.name, response);
  return { operations: response.patch ? operationsIn(response.patch) : [] };
}
