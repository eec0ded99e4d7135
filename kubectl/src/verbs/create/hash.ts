import { createHash } from 'node:crypto';
import { goJson, inOrder } from '@keelson/machinery';
import type { AnyObject } from '../../types.ts';

/** Letters and digits that could spell something are others in a name. */
const substitutes: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };

/** The object with a hash of its contents appended to its name, as upstream and kustomize make it. */
export function withHash(object: AnyObject): AnyObject {
  const { kind, data = {}, binaryData, type = '', metadata } = object;
  const { name = '' } = metadata;
  const own =
    kind === 'Secret'
      ? { data: inOrder(data), kind, name, type }
      : { ...(binaryData ? { binaryData: inOrder(binaryData) } : {}), data: inOrder(data), kind, name };
  const digest = createHash('sha256').update(goJson(own)).digest('hex').slice(0, 10);
  return {
    ...object,
    metadata: { ...metadata, name: `${name}-${digest.replaceAll(/[013ae]/g, (character) => substitutes[character] ?? '')}` },
  };
}
