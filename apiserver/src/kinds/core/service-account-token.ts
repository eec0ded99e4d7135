import { rfc3339 } from '@keelson/base';
import { badRequest, conflict, fieldInvalid, goQuote, invalid, notFound } from '@keelson/machinery';
import { type Kind, Node, Pod, Secret, ServiceAccount, TokenRequest } from '@keelson/types';
import { answerTo, checkNamespace, decodeBody, writeRequest } from '../../http/request.ts';
import type { ResourceHandler, ResourceRequest } from '../../http/resource-request.ts';
import { sendJson } from '../../http/respond.ts';

/** Bounds of `spec.expirationSeconds`. */
const shortest = 600;
const longest = 2 ** 32;
/** What pods ask for their own tokens, which admission mounts into them; seconds. */
const podTokenLife = 3607;
/** What they get where lives are extended: a year. */
const extendedLife = 365 * 24 * 3600;

/** `POST serviceaccounts/<name>/token`: a signed token for the account, bound to a pod, secret or node where asked. */
export const createToken: ResourceHandler = async (request) => {
  const { registry, info, clock } = request;
  const body = (await decodeBody(request, TokenRequest)) as unknown as TokenRequest;
  checkNamespace(request, body);
  if (body.metadata.name && body.metadata.name !== info.name)
    throw wrong('metadata.name', body.metadata.name, 'must match the service account name if specified', info.name);
  const account = await registry.readFresh(ServiceAccount, info.namespace, info.name);
  if (!account) throw notFound({ group: '', resource: 'serviceaccounts' }, info.name);
  const { expirationSeconds: wanted = 3600, boundObjectRef } = body.spec ?? { audiences: [] };
  checkExpiration(wanted);
  await runTokenAdmission(request, body);
  const { signer, audiences: own } = request.services.tokens;
  const audiences = body.spec?.audiences?.length ? body.spec.audiences : own;
  const { expirationSeconds, signed } = lifeOf(request, wanted, audiences);
  const bound = boundObjectRef ? await boundTo(request, boundObjectRef) : {};
  const token = await signer.sign({
    namespace: info.namespace,
    serviceAccount: { name: info.name, uid: account.metadata.uid ?? '' },
    ...{ audiences, ...signed },
    jti: request.random.uuid(),
    ...bound,
  });
  const status = { token, expirationTimestamp: rfc3339(clock.now() + expirationSeconds * 1000) };
  const { name, namespace, uid } = account.metadata;
  const spec = { ...body.spec, audiences: [...audiences], expirationSeconds };
  await sendJson(answerTo(request), 201, {
    ...body,
    spec,
    metadata: { name, namespace, uid, creationTimestamp: rfc3339(clock.now()) },
    status,
  });
};

interface Life {
  /** What the client is told: when it is to ask again. */
  readonly expirationSeconds: number;
  /** What the token says. */
  readonly signed: { readonly expirationSeconds: number; readonly warnAfterSeconds?: number };
}

/** A wish past the limit is shortened; what a pod's own token was asked for becomes the time after which its use is worth a warning. */
function lifeOf({ services, warnings }: ResourceRequest, wanted: number, audiences: readonly string[]): Life {
  const { terms, audiences: own } = services.tokens;
  const limit = terms?.longest;
  const expirationSeconds = limit !== undefined && wanted > limit ? limit : wanted;
  if (expirationSeconds < wanted) warnings.push(`requested expiration of ${wanted} seconds shortened to ${expirationSeconds} seconds`);
  const forThisServer = audiences.every((audience) => own.includes(audience));
  if (!terms?.extend || expirationSeconds !== podTokenLife || !forThisServer) return { expirationSeconds, signed: { expirationSeconds } };
  return { expirationSeconds, signed: { expirationSeconds: extendedLife, warnAfterSeconds: expirationSeconds } };
}

function checkExpiration(seconds: number): void {
  const field = 'spec.expirationSeconds';
  if (seconds < shortest) throw wrong(field, seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > longest) throw wrong(field, seconds, 'may not specify a duration larger than 2^32 seconds');
}

function wrong(field: string, value: unknown, detail: string, name = ''): Error {
  return invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, [fieldInvalid(field, value, detail)]);
}

async function runTokenAdmission(request: ResourceRequest, body: TokenRequest): Promise<void> {
  const { registry, store, info } = request;
  const attributes = {
    operation: 'CREATE' as const,
    store,
    object: body,
    old: undefined,
    name: info.name,
    ...writeRequest(request),
  };
  for (const phase of ['admit', 'validate'] as const) await registry.admission[phase](attributes);
}

interface Reference {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
}

async function boundTo(request: ResourceRequest, reference: Reference): Promise<object> {
  const { registry, info } = request;
  const { apiVersion = '', kind = '', name = '' } = reference;
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  if (group === '' && kind === 'Secret') return { secret: { name, uid: await uidOf(request, Secret, reference) } };
  if (group === '' && kind === 'Node') return { node: { name, uid: await uidOf(request, Node, reference) } };
  if (group !== '' || kind !== 'Pod') {
    const version = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw badRequest(`cannot bind token to object of type ${version}, Kind=${kind}`);
  }
  let nodeName: string | undefined;
  const uid = await uidOf(request, Pod, reference, ({ spec }) => {
    nodeName = spec.nodeName;
    if (spec.serviceAccountName !== info.name)
      throw badRequest(`cannot bind token for serviceaccount ${goQuote(info.name)} to pod running with different serviceaccount name.`);
  });
  const nodeUid = nodeName ? registry.read(Node, '', nodeName)?.metadata.uid : undefined;
  return { pod: { name, uid }, ...(nodeName ? { node: { name: nodeName, ...(nodeUid ? { uid: nodeUid } : {}) } } : {}) };
}

/** Of the object a token is to be bound to, which is the one that was meant. @param check throws for one it cannot be bound to. */
async function uidOf<T extends Node | Pod | Secret>(
  { registry, info }: ResourceRequest,
  of: Kind<T>,
  { name = '', uid }: Reference,
  check?: (found: T) => void,
): Promise<string | undefined> {
  const found = await registry.readFresh(of, of.namespaced ? info.namespace : '', name);
  if (!found) throw notFound({ group: '', resource: of.resource }, name);
  check?.(found);
  if (!uid || uid === found.metadata.uid) return found.metadata.uid;
  throw conflict(
    { group: '', resource: of.kind },
    name,
    `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
  );
}
