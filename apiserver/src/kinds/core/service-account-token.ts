import { rfc3339 } from '@keelson/base';
import { badRequest, conflict, notFound } from '@keelson/machinery';
import { type Kind, Node, Pod, Secret, ServiceAccount, TokenRequest } from '@keelson/types';
import { answerTo, decodeBody } from '../../http/resources.ts';
import { sendJson } from '../../http/respond.ts';
import type { ResourceHandler, ResourceRequest } from '../../http/types.ts';

/** Bounds of `spec.expirationSeconds`. */
const shortest = 600;
const longest = 2 ** 32;

/** `POST serviceaccounts/<name>/token`: a signed token for the account, bound to a pod, secret or node where asked. */
export const createToken: ResourceHandler = async (request) => {
  const { registry, info, clock } = request;
  const account = registry.read(ServiceAccount, info.namespace, info.name);
  if (!account) throw notFound({ group: '', resource: 'serviceaccounts' }, info.name);
  const body = (await decodeBody(request, TokenRequest)) as unknown as TokenRequest;
  const { audiences = [], expirationSeconds = 3600, boundObjectRef } = body.spec ?? { audiences: [] };
  if (expirationSeconds < shortest)
    throw badRequest(
      `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration less than 10 minutes`,
    );
  if (expirationSeconds > longest)
    throw badRequest(
      `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration larger than 2^32 seconds`,
    );
  const { signer, issuer } = request.services.tokens;
  const bound = boundObjectRef ? boundTo(request, boundObjectRef) : {};
  const token = await signer.sign({
    namespace: info.namespace,
    serviceAccount: { name: info.name, uid: account.metadata.uid ?? '' },
    audiences: audiences.length > 0 ? audiences : [issuer],
    expirationSeconds,
    jti: request.random.uuid(),
    ...bound,
  });
  const status = { token, expirationTimestamp: rfc3339(clock.now() + expirationSeconds * 1000) };
  const { name, namespace, uid } = account.metadata;
  await sendJson(answerTo(request), 201, { ...body, metadata: { name, namespace, uid, creationTimestamp: rfc3339(clock.now()) }, status });
};

interface Reference {
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly uid?: string | undefined;
}

function boundTo({ registry, info }: ResourceRequest, reference: Reference): object {
  const { kind, name = '', uid } = reference;
  const find = (of: Kind<Pod> | Kind<Secret>) => {
    const found = registry.read(of as Kind<Pod>, info.namespace, name);
    if (!found) throw notFound({ group: '', resource: of.resource }, name);
    if (uid && uid !== found.metadata.uid) {
      throw conflict(
        { group: '', resource: of.resource },
        name,
        `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      );
    }
    return found;
  };
  if (kind === 'Secret') return { secret: { name, uid: find(Secret).metadata.uid } };
  if (kind !== 'Pod') throw badRequest(`cannot bind token for serviceaccount to object of kind ${kind}`);
  const pod = find(Pod);
  const node = pod.spec.nodeName ? registry.read(Node, '', pod.spec.nodeName) : undefined;
  return { pod: { name, uid: pod.metadata.uid }, ...(node ? { node: { name: node.metadata.name, uid: node.metadata.uid } } : {}) };
}
