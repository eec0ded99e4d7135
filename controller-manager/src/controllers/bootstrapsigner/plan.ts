import { equal } from '@keelson/machinery';
import type { ConfigMap } from '@keelson/types';

const signaturePrefix = 'jws-kubeconfig-';

/** The ConfigMap with these signatures of its kubeconfig and no others, or undefined when it has them. @param signatures by token id. */
export function withSignatures(present: ConfigMap, signatures: ReadonlyMap<string, string>): ConfigMap | undefined {
  const rest = Object.entries(present.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
  const own = [...signatures].map(([id, signature]) => [`${signaturePrefix}${id}`, signature] as const);
  const data = Object.fromEntries([...rest, ...own]);
  return equal(data, present.data ?? {}) ? undefined : { ...present, data };
}
