import type { Schema } from '@keelson/types/schemas';

const text: Schema = { type: 'string' };
const item: Schema = { $ref: 'Item' };
const patched = (schema: Schema, strategy: string, mergeKey?: string): Schema => ({
  ...schema,
  'x-kubernetes-patch-strategy': strategy,
  ...(mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
});
const items: Schema = { type: 'array', items: item };

/** As `item` in main.go: all that a strategic merge treats in its own way. */
export const itemSchema: Schema = {
  type: 'object',
  properties: {
    name: text,
    value: text,
    number: { type: 'integer' },
    plain: items,
    merging: patched(items, 'merge', 'name'),
    numbered: patched(items, 'merge', 'number'),
    retaining: patched(items, 'merge,retainKeys', 'name'),
    words: patched({ type: 'array', items: text }, 'merge'),
    numbers: patched({ type: 'array', items: { type: 'integer' } }, 'merge'),
    fixed: { type: 'array', items: text },
    labels: { type: 'object', additionalProperties: text },
    inner: item,
    replaced: patched(item, 'replace'),
    retained: patched(item, 'retainKeys'),
  },
};
