import type { Namespace } from '@keelson/types';
import { decodeBody, formOf, sendWritten, writeRequest } from '../../http/request.ts';
import type { ResourceHandler } from '../../http/resource-request.ts';
import type { Writable } from '../../registry/writable.ts';
import { update } from '../../registry/write.ts';

/** `PUT namespaces/<name>/finalize`: the only way to change spec.finalizers. The last one gone, a terminating namespace is removed. */
export const finalizeNamespace: ResourceHandler = async (request) => {
  const { registry, store, info } = request;
  const form = formOf(request);
  const body = (await decodeBody(request)) as Namespace;
  const apply = (current: Writable): Writable => {
    const { finalizers } = body.spec ?? {};
    return {
      ...current,
      metadata: { ...current.metadata, finalizers: body.metadata.finalizers },
      spec: finalizers?.length ? { finalizers } : {},
    } as Writable;
  };
  const expected = body.metadata.resourceVersion;
  const written = await update(registry, store, info.name, { apply, expected }, { ...writeRequest(request), namespace: '' });
  await sendWritten(request, form, 200, written);
};
