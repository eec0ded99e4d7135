import type { Clock, Logger, Random } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import { forbidden } from '@keelson/machinery';
import { authenticate } from '../auth/authenticate.ts';
import { authorize, describe } from '../auth/authorize.ts';
import { impersonate } from '../auth/impersonate.ts';
import type { Authenticator, Authorizer, UserInfo } from '../auth/types.ts';
import type { Aggregator } from '../extensions/aggregation/aggregator.ts';
import type { Registry } from '../registry/registry.ts';
import type { Decoder } from './decode.ts';
import type { RequestMetrics } from './metrics.ts';
import { parseRequest, selectedName } from './request-info.ts';
import { serveResource } from './resources.ts';
import { type Answer, sendError } from './respond.ts';
import type { Services } from './services.ts';
import type { RequestInfo, ResourceRequest } from './types.ts';
import { attachWarnings } from './warnings.ts';

export interface PipelineOptions {
  readonly registry: Registry;
  readonly decoder: Decoder;
  readonly services: Services;
  readonly authenticators: readonly Authenticator[];
  readonly authorizers: readonly Authorizer[];
  /** Everything that is not a resource: health, metrics, discovery, OpenAPI. Authorised already. */
  readonly plain: (request: HttpRequestLike, response: HttpResponseLike, info: RequestInfo) => Promise<void>;
  /** Takes what is another server's. */
  readonly aggregator: Aggregator;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Aborts when the server stops: streams end. */
  readonly signal: AbortSignal;
}

export type Pipeline = (request: HttpRequestLike, response: HttpResponseLike) => Promise<void>;

/** Every request's way through the server, in order: request info, authentication, authorisation, then its handler. */
export function createPipeline(options: PipelineOptions): Pipeline {
  return async (request, response) => {
    const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
    const done = options.metrics.begin(info, response);
    response.setHeader('audit-id', auditID(request) ?? options.random.uuid());
    response.setHeader('cache-control', 'no-cache, private');
    try {
      await serve(options, info, request, response);
    } catch (error) {
      await refuse(options, { request, response, query: info.query }, info, error);
    } finally {
      done();
    }
  };
}

/** A client that left in the middle of its request is nobody's failure. */
async function refuse({ log }: PipelineOptions, answer: Answer, info: RequestInfo, error: unknown): Promise<void> {
  if (answer.response.destroyed) return;
  if (!(error instanceof Error && 'status' in error)) log.error('request failed', { err: error, path: info.path, verb: info.verb });
  await sendError(answer, error).catch(() => answer.response.destroy());
}

async function serve(options: PipelineOptions, info: RequestInfo, request: HttpRequestLike, response: HttpResponseLike): Promise<void> {
  const user = await admit(options, info, request);
  const remote = options.aggregator.find(info.path);
  if (remote !== undefined) return options.aggregator.forward(remote, { request, response, user });
  const store = info.isResource ? options.registry.find(info.group, info.version, info.resource) : undefined;
  if (!store) return options.plain(request, response, info);
  const resourceRequest: ResourceRequest = { ...common(options), info, user, request, response, store };
  attachWarnings(response, resourceRequest.warnings);
  await serveResource(resourceRequest);
}

/** Who asks, if they may. @throws StatusError Unauthorized or Forbidden. */
export async function admit(
  options: Pick<PipelineOptions, 'authenticators' | 'authorizers'>,
  info: RequestInfo,
  request: HttpRequestLike,
): Promise<UserInfo> {
  const user = await impersonate(options.authorizers, await authenticate(options.authenticators, request), request);
  const attributes = { ...info, name: info.name || selectedName(info), user };
  const decision = await authorize(options.authorizers, attributes);
  if (decision.type === 'allow') return user;
  const resource = info.isResource ? { group: info.group, resource: info.resource } : { group: '', resource: '' };
  throw forbidden(resource, attributes.name, describe(attributes, decision.reason));
}

/** What every resource request is given besides itself. */
export function common({ registry, decoder, services, clock, random, log, signal }: PipelineOptions) {
  return { registry, decoder, services, clock, random, log, signal, warnings: [] as string[] };
}

/** A client may bring the id its request is known by. */
function auditID({ headers }: HttpRequestLike): string | undefined {
  const id = headers['audit-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,64}$/.test(id) ? id : undefined;
}
