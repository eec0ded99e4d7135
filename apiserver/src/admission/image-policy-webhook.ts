import { type Clock, errorMessage } from '@keelson/base';
import { forbidden } from '@keelson/machinery';
import type { Pod } from '@keelson/types';
import { Expiring } from '../auth/expiring.ts';
import { endpointOf, type ReviewEndpoint } from '../auth/webhook/endpoint.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** What ImagePolicyWebhook is told; times in milliseconds. */
export interface ImagePolicySettings {
  readonly kubeConfigFile: string;
  /** How long consent and refusal hold. */
  readonly allowTTL: number;
  readonly denyTTL: number;
  /** Before the webhook is asked a second time. */
  readonly retryBackoff: number;
  /** Whether images are let in when the webhook cannot be asked. */
  readonly defaultAllow: boolean;
}

interface Range {
  /** Milliseconds of one of what is stated. */
  readonly scale: number;
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

const ranges = {
  retryBackoff: { scale: 1, least: 1, most: 300_000, usual: 500 },
  allowTTL: { scale: 1000, least: 1000, most: 1_800_000, usual: 300_000 },
  denyTTL: { scale: 1000, least: 1000, most: 1_800_000, usual: 30_000 },
} as const;
const goRanges = { retryBackoff: '1ms and 5m0s', allowTTL: '1s and 30m0s', denyTTL: '1s and 30m0s' };

/** @throws Error in one sentence. */
export function parseImagePolicy(document: unknown): ImagePolicySettings {
  const { imagePolicy } = (document ?? {}) as { imagePolicy?: Record<string, unknown> | null };
  if (!imagePolicy) throw new Error('ImagePolicyWebhook: no config specified');
  const time = (name: keyof typeof ranges): number => {
    const { scale, least, most, usual }: Range = ranges[name];
    const stated = Number(imagePolicy[name] ?? 0);
    if (stated === -1) return 0;
    if (stated === 0) return usual;
    const ms = stated * scale;
    if (ms < least || ms > most) throw new Error(`${name}: valid value is between ${goRanges[name]}, got ${ms / 1000}s`);
    return ms;
  };
  return {
    kubeConfigFile: String(imagePolicy.kubeConfigFile ?? ''),
    ...{ allowTTL: time('allowTTL'), denyTTL: time('denyTTL'), retryBackoff: time('retryBackoff') },
    defaultAllow: imagePolicy.defaultAllow === true,
  };
}

interface ReviewStatus {
  readonly allowed?: boolean;
  readonly reason?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

const remembered = 1024;
/** Milliseconds for one review, further attempts included: as long as a write may take. */
const patience = 30_000;
const auditPrefix = 'imagepolicywebhook.image-policy.k8s.io/';
const failedOpen = 'alpha.image-policy.k8s.io/failed-open';
const told = '.image-policy.k8s.io/';

/** Images of pods are let in, or not, by another server, asked by ImageReview. Nobody is asked without settings. */
export function imagePolicyWebhook(settings: ImagePolicySettings | undefined, clock: Clock): AdmissionPlugin {
  if (!settings) return { name: 'ImagePolicyWebhook' };
  const endpoint = endpointOf(settings.kubeConfigFile, patience, clock, settings.retryBackoff);
  return imagePolicy(endpoint, settings, clock);
}

/** As `imagePolicyWebhook`, of an endpoint. */
export function imagePolicy(
  endpoint: ReviewEndpoint,
  settings: Omit<ImagePolicySettings, 'kubeConfigFile'>,
  clock: Clock,
): AdmissionPlugin {
  const known = new Expiring<ReviewStatus>(clock, remembered);
  const ask = async (spec: object): Promise<ReviewStatus> => {
    const key = JSON.stringify(spec);
    const before = known.get(key);
    if (before) return before;
    const answer = await endpoint.post({ apiVersion: 'imagepolicy.k8s.io/v1alpha1', kind: 'ImageReview', metadata: {}, spec, status: {} });
    const status = (answer.status ?? {}) as ReviewStatus;
    known.set(key, status, status.allowed === true ? settings.allowTTL : settings.denyTTL);
    return status;
  };
  return {
    name: 'ImagePolicyWebhook',
    async validate(attributes) {
      const spec = specOf(attributes);
      if (!spec) return;
      const refuse = (why: string): Error => forbidden(attributes.store.groupResource, attributes.name, why);
      const status = await ask(spec).catch((error: unknown) => {
        if (!settings.defaultAllow) throw refuse(errorMessage(error));
        attributes.annotate?.(`${auditPrefix}failed-open`, 'true');
        const { metadata } = attributes.object as Pod;
        metadata.annotations = { ...metadata.annotations, [failedOpen]: 'true' };
        return undefined;
      });
      if (!status) return;
      for (const [key, value] of Object.entries(status.auditAnnotations ?? {})) attributes.annotate?.(auditPrefix + key, value);
      if (status.allowed === true) return;
      throw refuse(
        status.reason
          ? `image policy webhook backend denied one or more images: ${status.reason}`
          : 'one or more images rejected by webhook backend',
      );
    },
  };
}

/** What is asked of a write; undefined where it is about no images. */
function specOf({ store, operation, subresource, namespace, object }: AdmissionAttributes): object | undefined {
  const writes = operation === 'CREATE' || operation === 'UPDATE';
  if (store.kind.kind !== 'Pod' || store.kind.group !== '' || !writes || !object) return undefined;
  if (subresource !== '' && subresource !== 'ephemeralcontainers') return undefined;
  const { metadata, spec } = object as Pod;
  const all = subresource === '' ? [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])] : (spec?.ephemeralContainers ?? []);
  const annotations = Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => key.includes(told)));
  return {
    containers: all.map(({ image }) => ({ image })),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    namespace,
  };
}
