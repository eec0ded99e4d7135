import { errorMessage, type Random } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { goQuote, goTypeOf, unexplained } from '@keelson/machinery';
import type { CustomResourceConversion, CustomResourceDefinition } from '@keelson/types';
import type { WebhookCaller } from '../webhooks/caller.ts';
import { isMap } from './schema.ts';

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
      const whose = `conversion webhook for ${foreign[0]?.apiVersion}, Kind=${kind}`;
      const review = reviewOf(uid, foreign, apiVersion, webhook.conversionReviewVersions);
      const answer = await caller.post(webhook.clientConfig ?? {}, review, timeout).catch((error: unknown) => {
        throw unexplained(`${whose} failed: ${errorMessage(error)}`);
      });
      const made = convertedOf(answer, review, whose).map((object, index) =>
        checked(object, foreign[index] as KubeObject, apiVersion, whose),
      );
      return objects.map((object) => (object.apiVersion === apiVersion ? object : (made.shift() as KubeObject)));
    },
  };
}

interface Review {
  readonly kind: 'ConversionReview';
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly KubeObject[] };
}

function reviewOf(
  uid: string,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
  versions: NonNullable<CustomResourceConversion['webhook']>['conversionReviewVersions'],
): Review {
  const version = versions.find((one) => one === 'v1' || one === 'v1beta1') ?? 'v1';
  return { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request: { uid, desiredAPIVersion, objects } };
}

interface Answer {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly response?: {
    readonly uid?: string;
    readonly result?: { readonly status?: string; readonly message?: string };
    readonly convertedObjects?: readonly unknown[];
  } | null;
}

/** What the webhook made. Who it answers is looked at since v1. @throws StatusError for an answer that is none. */
function convertedOf(answer: unknown, { apiVersion, kind, request }: Review, whose: string): readonly unknown[] {
  const { response, ...is } = (answer ?? {}) as Answer;
  const refuse = (why: string): never => {
    throw unexplained(`${whose} failed: ${why}`);
  };
  if (is.apiVersion !== apiVersion || is.kind !== kind) {
    const got = `${is.apiVersion || '/'}, Kind=${is.kind ?? ''}`;
    refuse(`expected webhook response of ${apiVersion}, Kind=${kind}, got ${got}`);
  }
  if (!response) return refuse('no response provided');
  const { uid = '', result: { status = '', message } = {}, convertedObjects: made = [] } = response;
  if (apiVersion.endsWith('/v1') && uid !== request.uid) refuse(`expected response.uid=${goQuote(request.uid)}, got ${goQuote(uid)}`);
  if (status !== 'Success') refuse(message || `response.result.status was '${status}', not 'Success'`);
  if (made.length !== request.objects.length)
    throw unexplained(`${whose} returned ${made.length} objects, expected ${request.objects.length}`);
  return made;
}

/** One object that was made of another, with the metadata that no webhook may change. @throws StatusError where it is another object. */
function checked(made: unknown, before: KubeObject, apiVersion: string, whose: string): KubeObject {
  const object = (isMap(made) ? made : {}) as Partial<KubeObject>;
  const unlike = (what: string, expected: unknown, received: unknown): void => {
    if (expected !== received)
      throw unexplained(`${whose} returned invalid object at index 0: invalid ${what} (expected ${expected}, received ${received})`);
  };
  unlike('groupVersion', apiVersion, object.apiVersion ?? '');
  unlike('kind', before.kind, object.kind ?? '');
  const metadata = (isMap(object.metadata) ? object.metadata : {}) as Metadata;
  for (const [name, what] of identity)
    if ((before.metadata[name] ?? '') !== (metadata[name] ?? ''))
      throw unexplained(
        `${whose} returned invalid object: must have the same ${what}: ${before.metadata[name] ?? ''} != ${metadata[name] ?? ''}`,
      );
  const { labels, annotations } = metadata;
  for (const [name, texts] of Object.entries({ labels, annotations }))
    for (const [key, text] of Object.entries(texts ?? {}))
      if (typeof text !== 'string') {
        const why = `metadata.${name}[${key}] must be a string, but is ${goTypeOf(text)} in converted object`;
        throw unexplained(`${whose} returned invalid metadata: ${why}`);
      }
  return {
    ...object,
    metadata: { ...before.metadata, labels: filled(labels), annotations: filled(annotations) } as KubeObject['metadata'],
  } as KubeObject;
}

function filled(texts: object | undefined): object | undefined {
  return texts && Object.keys(texts).length > 0 ? texts : undefined;
}

type Metadata = KubeObject['metadata'] & { readonly labels?: Record<string, unknown>; readonly annotations?: Record<string, unknown> };

/** What makes an object that object. */
const identity = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const;
