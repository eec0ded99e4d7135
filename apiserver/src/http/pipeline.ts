import type { Clock, Logger, Random } from '@keelson/base';
import type { HttpRequestLike, HttpResponseLike } from '@keelson/client';
import { badRequest, forbidden, goQuote, isStatusReason } from '@keelson/machinery';
import { type Auditor, followAnswer } from '../audit/auditor.ts';
import type { Trail } from '../audit/trail.ts';
import { type Authenticators, authenticate } from '../auth/authenticate.ts';
import { authorize, describe } from '../auth/authorize.ts';
import { impersonate } from '../auth/impersonation/impersonate.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../auth/types.ts';
import type { Aggregator } from '../extensions/aggregation/aggregator.ts';
import type { Gate } from '../fairness/gate.ts';
import type { ServedKind } from '../kinds/served-kind.ts';
import type { Registry } from '../registry/registry.ts';
import { leadsNowhere } from './custom-route.ts';
import { allowanceOf, cutOff, type RequestLimits, TimeIsOver, within } from './deadline.ts';
import type { Decoder } from './decode/decode.ts';
import type { RequestMetrics } from './metrics.ts';
import { PlainFault } from './plain-fault.ts';
import type { RequestInfo } from './request-info.ts';
import { parseRequest, segmentProblem, selectedName } from './request-info.ts';
import type { ResourceRequest } from './resource-request.ts';
import { serveResource } from './resources.ts';
import { type Answer, sendError, sendFault, toStatus } from './respond.ts';
import type { Services } from './services.ts';
import { attachWarnings } from './warnings.ts';

export interface PipelineOptions extends Authenticators {
  readonly registry: Registry<ServedKind>;
  readonly decoder: Decoder;
  readonly services: Services;
  readonly authorizers: readonly Authorizer[];
  /** Everything that is not a resource: health, metrics, discovery, OpenAPI. Authorised already. */
  readonly plain: (request: HttpRequestLike, response: HttpResponseLike, info: RequestInfo) => Promise<void>;
  /** Takes what is another server's. */
  readonly aggregator: Aggregator;
  readonly metrics: RequestMetrics;
  /** Says when a request's turn is. */
  readonly gate: Gate;
  readonly limits: RequestLimits;
  /** Absent where nothing is told of requests. */
  readonly auditor?: Auditor | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Aborts when the server stops: streams end. */
  readonly signal: AbortSignal;
}

export type Pipeline = (request: HttpRequestLike, response: HttpResponseLike) => Promise<void>;

/** Every request's way through the server, in order: request info, authentication, its turn, authorisation, then its handler. */
export function createPipeline(options: PipelineOptions): Pipeline {
  return async (request, response) => {
    const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
    const done = options.metrics.begin(info, response);
    const id = requestID(request, options.random);
    response.setHeader('audit-id', id);
    response.setHeader('cache-control', 'no-cache, private');
    const audit = options.auditor?.open(id, { ...info, name: info.name || selectedName(info) }, request);
    if (audit) followAnswer(response, audit);
    try {
      const allowance = allowanceOf(info, options.limits, () => options.aggregator.find(info.path) === undefined);
      const work = serve(options, { info, request, response, audit });
      await (allowance ? within(allowance, options.clock, work) : work);
    } catch (error) {
      await refuse(options, { request, response, query: info.query, audit }, info, error);
    } finally {
      done();
      if (audit && !audit.goesOn) audit.finish();
    }
  };
}

/** One request and its answer. */
interface Exchange {
  readonly info: RequestInfo;
  readonly request: HttpRequestLike;
  readonly response: HttpResponseLike;
  readonly audit: Trail | undefined;
}

/** A client that left in the middle of its request is nobody's failure. */
async function refuse(options: PipelineOptions, answer: Answer, info: RequestInfo, error: unknown): Promise<void> {
  const { log } = options;
  if (answer.response.destroyed) return;
  if (error instanceof TimeIsOver) {
    options.metrics.terminated(info);
    return cutOff(answer, error);
  }
  if (error instanceof PlainFault) {
    log.error('request failed', { err: error.message, path: info.path, verb: info.verb });
    return sendFault(answer, answer.request.url ?? '/', error);
  }
  const foreseen = error instanceof Error && 'status' in error;
  if (isStatusReason(error, 'Unauthorized') && showsCertificate(answer.request)) answer.response.setHeader('connection', 'close');
  if (!foreseen) log.error('request failed', { err: error, path: info.path, verb: info.verb });
  await sendError(answer, error).catch(() => answer.response.destroy());
  if (!foreseen && toStatus(error).code === 500) answer.audit?.panicked(error);
}

/** What the TLS layer found once holds for the connection: a certificate that was renewed, or is believed by now, needs a new one. */
function showsCertificate({ socket }: HttpRequestLike): boolean {
  return socket?.getPeerX509Certificate?.() !== undefined;
}

async function serve(options: PipelineOptions, exchange: Exchange): Promise<void> {
  const { info, request, response, audit } = exchange;
  const user = await identify(options, info, request, audit);
  await options.gate.serve({ info, user, request, response }, async (leave) => {
    // It was cut while it waited for its turn.
    if (response.writableEnded) return;
    await permit(options, info, user, audit);
    await answer(options, exchange, user, leave);
  });
}

async function answer(options: PipelineOptions, exchange: Exchange, user: UserInfo, leave: () => void): Promise<void> {
  const { info, request, response, audit } = exchange;
  const remote = options.aggregator.find(info.path);
  if (remote !== undefined) {
    // Nobody tells when another server's watch has begun.
    if (info.verb === 'watch') leave();
    return options.aggregator.forward(remote, { request, response, user });
  }
  const store = info.isResource ? options.registry.find(info.group, info.version, info.resource) : undefined;
  if (!store || leadsNowhere(store, info)) return options.plain(request, response, info);
  const resourceRequest: ResourceRequest = { ...common(options), info, user, request, response, store, audit };
  resourceRequest.warnings.push(...(user.warnings ?? []));
  attachWarnings(response, resourceRequest.warnings);
  await serveResource(resourceRequest, store.definition);
}

/** Who asks, if they may. @throws StatusError Unauthorized or Forbidden. */
export async function admit(
  options: Authenticators & Pick<PipelineOptions, 'authorizers'>,
  info: RequestInfo,
  request: HttpRequestLike,
  audit?: Trail,
): Promise<UserInfo> {
  const user = await identify(options, info, request, audit);
  await permit(options, info, user, audit);
  return user;
}

/** Who asks. @throws StatusError Unauthorized, BadRequest for a path that can name nothing, or Forbidden to ask as somebody else. */
async function identify(
  options: Authenticators & Pick<PipelineOptions, 'authorizers'>,
  info: RequestInfo,
  request: HttpRequestLike,
  audit: Trail | undefined,
): Promise<UserInfo> {
  for (const [what, name] of Object.entries({ Namespace: info.namespace, Name: info.name })) {
    const problem = segmentProblem(name);
    if (problem) throw badRequest(`${what} parameter invalid: ${goQuote(name)}: ${problem}`);
  }
  const sender = await authenticate(options, request);
  const told = audit?.authenticated(sender);
  if (told) await told;
  const other = await impersonate(options.authorizers, actionOf(info, sender), request);
  if (!other) return sender;
  audit?.impersonated(other);
  return other.user;
}

/** @throws StatusError Forbidden, or PlainFault when whoever decides could not be asked and nobody else allows it. */
async function permit(
  options: Pick<PipelineOptions, 'authorizers'>,
  info: RequestInfo,
  user: UserInfo,
  audit: Trail | undefined,
): Promise<void> {
  const attributes = actionOf(info, user);
  const decision = await authorize(options.authorizers, attributes);
  if (decision.type !== 'allow' && decision.error !== undefined) {
    audit?.annotate('authorization.k8s.io/reason', 'internal error');
    throw new PlainFault(decision.error);
  }
  audit?.annotate('authorization.k8s.io/decision', decision.type === 'allow' ? 'allow' : 'forbid');
  audit?.annotate('authorization.k8s.io/reason', decision.reason);
  if (decision.type === 'allow') return;
  const resource = info.isResource ? { group: info.group, resource: info.resource } : { group: '', resource: '' };
  throw forbidden(resource, attributes.name, describe(attributes, decision.reason));
}

/** What a user is about to do. */
function actionOf(info: RequestInfo, user: UserInfo): AuthorizationAttributes {
  return { ...info, name: info.name || selectedName(info), query: info.verbInPath ? undefined : info.query, user };
}

/** What every resource request is given besides itself. */
export function common({ registry, decoder, services, limits, clock, random, log, signal }: PipelineOptions) {
  return { registry, decoder, services, limits, clock, random, log, signal, warnings: [] as string[] };
}

/** The id a request is known by. A client may bring one. */
export function requestID({ headers }: HttpRequestLike, random: Random): string {
  const id = headers['audit-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,64}$/.test(id) ? id : random.uuid();
}
