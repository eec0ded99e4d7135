import assert from 'node:assert/strict';
import type { Context, Reply } from '../context.ts';
import type { Specs } from '../specs.ts';

const review = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };

const asTable = (c: Context, version: string): Promise<Reply> =>
  c.ask({
    ...{ method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body: review },
    headers: { accept: `application/json;as=Table;v=${version};g=meta.k8s.io` },
  });

export const tables: Specs = {
  async '[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata'(
    c,
  ) {
    for (const version of ['v1', 'v1beta1']) {
      const reply = await asTable(c, version);
      assert.deepEqual([reply.status, reply.json<{ code: number }>().code], [406, 406]);
    }
  },
};
