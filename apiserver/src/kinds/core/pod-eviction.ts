import { Eviction } from '@keelson/types';
import { answerTo, decodeBody, writeRequest } from '../../http/resources.ts';
import { sendJson } from '../../http/respond.ts';
import type { ResourceHandler } from '../../http/types.ts';
import { remove } from '../../registry/delete.ts';

/** `POST pods/<name>/eviction`: a delete that disruption budgets may refuse. There are no budgets yet, so it is a delete. */
export const evictPod: ResourceHandler = async (request) => {
  const { registry, store, info } = request;
  const eviction = (await decodeBody(request, Eviction)) as unknown as Eviction;
  await remove(registry, store, info.name, eviction.deleteOptions ?? {}, { ...writeRequest(request), subresource: '' });
  await sendJson(answerTo(request), 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
};
