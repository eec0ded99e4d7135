import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock, Logger } from '@keelson/base';
import { type Api, readJson } from '@keelson/client';

/** Who makes a request. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What of a SubjectAccessReview's spec is asked about. */
export type AccessAttributes =
  | { readonly nonResourceAttributes: { readonly path: string; readonly verb: string } }
  | { readonly resourceAttributes: Readonly<Record<string, string>> };

export interface DelegatedAuthOptions {
  readonly api: Pick<Api, 'raw'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Seconds answers are kept: 10 each by default; kubelet gives 120, 300 and 30. */
  readonly cacheSeconds?: { readonly token?: number; readonly allowed?: number; readonly denied?: number };
  /** Off: a caller with no credentials is refused with 401. On by default, as upstream's delegated authentication. */
  readonly anonymous?: boolean;
}

/**
 * Authentication and authorization asked of the API server (TokenReview, SubjectAccessReview). Certificates are judged here, by
 * the CA that the listener was given.
 */
export interface DelegatedAuth {
  /** Undefined when the credentials are no good, or there are none and anonymous callers are not let in. */
  authenticate(request: IncomingMessage): Promise<UserInfo | undefined>;
  /** Members of `system:masters` are never asked about. @throws when the API server gives no answer. */
  authorize(user: UserInfo, attributes: AccessAttributes): Promise<boolean>;
  /** 200, 401 or 403 for a request, judged by its path and method; 500 when the API server gives no answer. */
  check(request: IncomingMessage): Promise<number>;
}

const reviewTimeout = 10_000;

/** Delegates to the API server behind `api`, remembering its answers for as long as upstream does. */
export function delegatedAuth({ api, clock, log, cacheSeconds = {}, anonymous = true }: DelegatedAuthOptions): DelegatedAuth {
  const { token: tokenTtl = 10, allowed = 10, denied = 10 } = cacheSeconds;
  const users = remember<UserInfo | undefined>(clock, () => tokenTtl);
  const decisions = remember<boolean>(clock, (yes) => (yes ? allowed : denied));
  const review = (group: string, kind: string, spec: unknown): Promise<ReviewStatus> => postReview(api, clock, group, kind, spec);

  const reviewToken = async (token: string): Promise<UserInfo | undefined> => {
    const status = await review('authentication.k8s.io', 'TokenReview', { token });
    return status.authenticated && status.user ? withAuthenticated(status.user) : undefined;
  };
  const authenticate: DelegatedAuth['authenticate'] = async (request) => {
    const certificate = peerOf(request.socket as TLSSocket);
    if (certificate !== undefined) return certificate ?? undefined;
    const token = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined) return users(createHash('sha256').update(token).digest('base64'), () => reviewToken(token));
    return anonymous ? { username: 'system:anonymous', groups: ['system:unauthenticated'] } : undefined;
  };
  const authorize: DelegatedAuth['authorize'] = (user, attributes) => {
    if (user.groups.includes('system:masters')) return Promise.resolve(true);
    const { username, ...rest } = user;
    const spec = { user: username, ...rest, ...attributes };
    return decisions(
      JSON.stringify(spec),
      async () => (await review('authorization.k8s.io', 'SubjectAccessReview', spec)).allowed === true,
    );
  };
  return {
    authenticate,
    authorize,
    async check(request) {
      const user = await authenticate(request).catch((error) => void log.warn('unable to authenticate the request', { err: error }));
      if (!user) return 401;
      const path = URL.parse(request.url ?? '/', 'https://localhost')?.pathname ?? '/';
      try {
        return (await authorize(user, { nonResourceAttributes: { path, verb: (request.method ?? 'GET').toLowerCase() } })) ? 200 : 403;
      } catch (error) {
        log.warn('unable to authorize the request', { err: error });
        return 500;
      }
    },
  };
}

/** The user of a client certificate; null when one was sent that the listener's CA did not issue, undefined when none was. */
function peerOf(socket: TLSSocket): UserInfo | null | undefined {
  const { subject } = socket.getPeerCertificate();
  if (!subject) return undefined;
  const list = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat());
  const username = list(subject.CN).at(-1);
  return socket.authorized && username ? withAuthenticated({ username, groups: list(subject.O) }) : null;
}

function withAuthenticated(user: UserInfo): UserInfo {
  const groups = user.groups ?? [];
  return groups.includes('system:authenticated') ? user : { ...user, groups: [...groups, 'system:authenticated'] };
}

interface ReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: UserInfo;
  readonly allowed?: boolean;
}

async function postReview(api: Pick<Api, 'raw'>, clock: Clock, group: string, kind: string, spec: unknown): Promise<ReviewStatus> {
  const late = new AbortController();
  const timer = clock.after(reviewTimeout, () => late.abort(new Error(`no answer to a ${kind} within 10 seconds`)));
  try {
    const response = await api.raw({
      method: 'POST',
      path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ apiVersion: `${group}/v1`, kind, spec }),
      signal: late.signal,
    });
    const answer = (await readJson(response)) as { status?: ReviewStatus; message?: string };
    if (response.status >= 300) throw new Error(`${kind} failed: ${answer.message ?? `HTTP ${response.status}`}`);
    return answer.status ?? {};
  } finally {
    timer.cancel();
  }
}

/** Keeps answers by key for as many seconds as `ttl` gives them; those asked for at once share one question, failures are not kept. */
function remember<T>(clock: Clock, ttl: (answer: T) => number): (key: string, ask: () => Promise<T>) => Promise<T> {
  const most = 4096;
  const kept = new Map<string, { until: number; answer: Promise<T> }>();
  return (key, ask) => {
    const found = kept.get(key);
    if (found && clock.now() < found.until) return found.answer;
    const entry = { until: Number.POSITIVE_INFINITY, answer: ask() };
    kept.delete(key);
    kept.set(key, entry);
    for (const oldest of kept.keys()) {
      if (kept.size <= most) break;
      kept.delete(oldest);
    }
    entry.answer.then(
      (answer) => {
        entry.until = clock.now() + ttl(answer) * 1000;
      },
      () => kept.get(key) === entry && kept.delete(key),
    );
    return entry.answer;
  };
}
