import { type Clock, errorMessage } from '@keelson/base';
import type { HttpRequestLike } from '@keelson/client';
import { copyOf } from '@keelson/machinery';
import type { Status } from '@keelson/types';
import type { Impersonation } from '../auth/impersonation/impersonation-modes.ts';
import type { UserInfo } from '../auth/types.ts';
import { PlainFault } from '../http/plain-fault.ts';
import type { RequestInfo } from '../http/request-info.ts';
import type { Annotate } from './annotate.ts';
import { eventOf, type Facts, sourceIPsOf } from './event.ts';
import { type AuditConfig, auditConfigOf } from './match.ts';
import type { AuditMetrics } from './metrics.ts';
import { levels, type Policy, type Stage } from './policy.ts';
import type { Sink } from './sink.ts';

export interface TrailDeps {
  readonly policy: Policy;
  readonly sinks: readonly Sink[];
  readonly metrics: AuditMetrics;
  readonly clock: Clock;
}

/** One request that may have to be told of. */
export interface Traced {
  readonly id: string;
  readonly info: RequestInfo;
  readonly request: HttpRequestLike;
  /** Whether it goes on after it was answered: then the answer's beginning is told, too. */
  readonly goesOn: boolean;
}

/** As upstream tells of a client that left before it was answered. */
const closedEarly: Partial<Status> = { status: 'Success', message: 'Connection closed early', code: 200 };
const statusStart = '{"kind":"Status"';

/**
 * Follows one request from its authentication to its end and tells the sinks of its stages, as far as the policy wants it. Nothing else
 * may be asked of it before `authenticated`; whoever is not authenticated is told of, too.
 */
export class Trail {
  readonly #deps: TrailDeps;
  readonly #traced: Traced;
  #config: AuditConfig | undefined;
  #facts: Facts;
  #annotations: Record<string, string> = {};
  #code: number | undefined;
  #wire: Buffer | undefined;
  #finished = false;

  constructor(deps: TrailDeps, traced: Traced) {
    this.#deps = deps;
    this.#traced = traced;
    const { id, info, request } = traced;
    const userAgent = String(request.headers['user-agent'] ?? '');
    const annotations = this.#annotations;
    const received = deps.clock.now();
    this.#facts = { id, info, uri: request.url ?? '/', sourceIPs: sourceIPsOf(request), userAgent, received, annotations };
  }

  /** Whose request it is. Something to wait for where the log is waited for. @throws PlainFault where it must be told of and cannot be. */
  authenticated(user: UserInfo): Promise<void> | undefined {
    const { sinks } = this.#deps;
    this.#facts = { ...this.#facts, user };
    if (this.#choose().level === 'None') return undefined;
    const room = sinks.flatMap((sink) => sink.room() ?? []);
    const told = this.#tell('RequestReceived');
    return room.length + told.length > 0 ? this.#wait(room, told) : undefined;
  }

  impersonated({ user, constraint }: Impersonation): void {
    this.#facts = { ...this.#facts, impersonated: user, constraint };
  }

  /** Adds what code on the way has to say. The first value of a key stays. */
  readonly annotate: Annotate = (key, value, least = 'Metadata') => {
    if (levels.indexOf(this.#config?.level ?? 'None') >= levels.indexOf(least)) this.#annotations[key] ??= value;
  };

  /** What the client sent: an object, or the bytes of a JSON patch. It may change afterwards. */
  requested(body: object): void {
    const level = this.#config?.level ?? 'None';
    if (level === 'None') return;
    const object = Buffer.isBuffer(body) ? parse(body) : body;
    const wanted = level === 'Metadata' ? identityOf(object) : copyOf(object);
    this.#facts = { ...this.#facts, requestObject: wanted };
  }

  /** The JSON the client is answered with. */
  answered(wire: Buffer): void {
    this.#wire = wire;
  }

  /** The head of the answer is on its way. */
  head(code: number): void {
    if (this.#code !== undefined) return;
    this.#code = code;
    if (this.#traced.goesOn && this.#config) this.#tell('ResponseStarted');
  }

  /** The server failed on it in a way nobody foresaw. */
  panicked(error: unknown): void {
    const status = { status: 'Failure', reason: 'InternalError', message: `APIServer panic'd: ${errorMessage(error)}`, code: 500 };
    this.#end('Panic', status);
  }

  /** Whether it may go on after its handler is done. */
  get goesOn(): boolean {
    return this.#traced.goesOn;
  }

  /** It is over. */
  finish(): void {
    if (this.#config === undefined && this.#code === 401) this.#tellUnauthenticated();
    this.#end('ResponseComplete');
  }

  #end(stage: Stage, status?: Partial<Status>): void {
    if (this.#finished) return;
    this.#finished = true;
    if (!this.#config || this.#config.level === 'None') return;
    if (this.#code === undefined && this.#traced.goesOn) this.#tell('ResponseStarted', closedEarly);
    this.#tell(stage, status);
  }

  #choose(): AuditConfig {
    const { policy, metrics } = this.#deps;
    const { info, user } = this.#facts;
    const config = auditConfigOf(policy, info, user);
    this.#config = config;
    metrics.level(config.level);
    return config;
  }

  #tellUnauthenticated(): void {
    if (this.#choose().level === 'None') return;
    this.#finished = true;
    this.#tell('ResponseStarted', { message: attempts(this.#traced.request), code: 401 });
  }

  #tell(stage: Stage, status = stage === 'RequestReceived' ? undefined : this.#status()): Promise<boolean>[] {
    const config = this.#config;
    if (!config || config.level === 'None' || config.omitStages.has(stage)) return [];
    const { sinks, metrics, clock } = this.#deps;
    const complete = stage === 'ResponseComplete' && config.level === 'RequestResponse';
    const responseObject = complete && this.#wire ? parse(this.#wire) : undefined;
    const event = eventOf({ ...this.#facts, status, responseObject }, config, stage, clock.now());
    metrics.told();
    return sinks.flatMap((sink) => sink.process(event) ?? []);
  }

  #status(): Partial<Status> {
    if (this.#code === undefined) return closedEarly;
    const start = this.#wire?.subarray(0, statusStart.length).toString();
    const said = start === statusStart && this.#wire ? (parse(this.#wire) as Partial<Status>) : {};
    return { ...said, code: this.#code };
  }

  async #wait(room: readonly Promise<void>[], told: readonly Promise<boolean>[]): Promise<void> {
    await Promise.all(room);
    if ((await Promise.all(told)).every(Boolean)) return;
    this.#deps.metrics.rejected();
    throw new PlainFault('failed to store audit event');
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** Enough to name the object, where no more of it is told. */
function identityOf(object: unknown): object {
  const { metadata = {} } = (object ?? {}) as { metadata?: Partial<Record<'name' | 'namespace' | 'uid' | 'resourceVersion', string>> };
  const { name, namespace, uid, resourceVersion } = metadata;
  return { metadata: { name, namespace, uid, resourceVersion } };
}

/** What somebody who was not let in tried. */
function attempts({ headers, socket }: HttpRequestLike): string {
  const authorization = String(headers.authorization ?? '');
  const tried = [
    ...(/^basic /i.test(authorization) ? ['basic'] : []),
    ...(/^bearer /i.test(authorization) ? ['bearer'] : []),
    ...(socket?.getPeerX509Certificate?.() ? ['x509'] : []),
  ];
  return tried.length > 0 ? `Authentication failed, attempted: ${tried.join(', ')}` : 'Authentication failed, no credentials provided';
}
