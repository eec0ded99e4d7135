import type { Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { internalError } from '@keelson/machinery';
import type { CustomResourceConversion, CustomResourceDefinition } from '@keelson/types';
import type { WebhookCaller } from '../webhooks/caller.ts';

/** Turns custom resources of any version into another. */
export interface Converter {
  /** One that takes no time; undefined where a webhook is asked. */
  readonly now: ((object: KubeObject, apiVersion: string) => KubeObject) | undefined;
  /** In the order given. @throws StatusError when the webhook fails or answers with something else. */
  later(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]>;
}

/** What upstream waits for an answer, in milliseconds. */
const timeout = 30_000;

export function converterOf({ spec }: CustomResourceDefinition, caller: WebhookCaller, random: Random): Converter {
  const relabel = (object: KubeObject, apiVersion: string): KubeObject => ({ ...object, apiVersion });
  if (spec.conversion?.strategy !== 'Webhook' || !spec.conversion.webhook)
    return { now: relabel, later: (objects, apiVersion) => Promise.resolve(objects.map((object) => relabel(object, apiVersion))) };
  const { webhook } = spec.conversion;
  const kind = spec.names.kind;
  return {
    now: undefined,
    async later(objects, apiVersion) {
      const foreign = objects.filter((object) => object.apiVersion !== apiVersion);
      if (foreign.length === 0) return [...objects];
      const uid = random.uuid();
      const asked = `conversion webhook for ${foreign[0]?.apiVersion}, Kind=${kind} failed`;
      try {
        const review = reviewOf(uid, foreign, apiVersion, webhook.conversionReviewVersions);
        const made = convertedOf(await caller.post(webhook.clientConfig ?? {}, review, timeout), uid, foreign, apiVersion);
        return objects.map((object) => (object.apiVersion === apiVersion ? object : (made.shift() as KubeObject)));
      } catch (error) {
        throw internalError(new Error(`${asked}: ${error instanceof Error ? error.message : String(error)}`));
      }
    },
  };
}

function reviewOf(
  uid: string,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
  versions: NonNullable<CustomResourceConversion['webhook']>['conversionReviewVersions'],
): object {
  const version = versions.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  return { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid, desiredAPIVersion, objects } };
}

interface Answer {
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly result?: { readonly status?: string; readonly message?: string };
    readonly convertedObjects?: readonly KubeObject[];
  };
}

/** The converted objects, with the metadata that no webhook may change. @throws Error for an answer that is none. */
function convertedOf(answer: unknown, uid: string, asked: readonly KubeObject[], apiVersion: string): KubeObject[] {
  const { response } = (answer ?? {}) as Answer;
  if (!response) throw new Error('no response provided');
  if (response.uid !== uid) throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  if (response.result?.status !== 'Success') throw new Error(response.result?.message ?? 'no reason given');
  const { convertedObjects: made = [] } = response;
  if (made.length !== asked.length) throw new Error(`expected ${asked.length} converted objects, got ${made.length}`);
  return made.map((object, index) => {
    const before = asked[index] as KubeObject;
    if (object.apiVersion !== apiVersion) throw new Error(`expected converted objects of ${apiVersion}, got ${object.apiVersion}`);
    const { labels, annotations } = object.metadata as { labels?: object; annotations?: object };
    return { ...object, metadata: { ...before.metadata, labels, annotations } as KubeObject['metadata'] };
  });
}
