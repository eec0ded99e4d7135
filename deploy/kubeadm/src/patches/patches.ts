import { errorMessage } from '@keelson/base';
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  goQuote,
  type JsonObject,
  type JsonPatchOperation,
} from '@keelson/machinery';
import type { Fields } from '../config/forms.ts';

const mediaTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

export type PatchType = keyof typeof mediaTypes;

/** A change of what a kubelet is configured with. */
export interface Patch {
  readonly type: PatchType;
  readonly patch: unknown;
}

/** What kubeadm's patches are for. Here only the first is there to be changed: the others are no pods. */
export const targets = [
  ...['kubeletconfiguration', 'etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'corednsdeployment'],
] as const;

const types = Object.keys(mediaTypes);
const named = new RegExp(`^(${targets.join('|')})[^.+]*(\\+?)(${types.join('|')})?`);

/** What the name of a file (`target[suffix][+type].yaml`) says, or why it is none of a patch. @throws Error for a type that is none. */
export function parsePatchName(name: string): { target: string; type: PatchType } | { ignored: string } {
  if (!/.\.(json|yaml)$/.test(name)) return { ignored: 'the file extension must be one of [json yaml]' };
  const [, target, plus, type] = named.exec(name) ?? [];
  if (target === undefined) return { ignored: `unknown target, must be one of [${targets.join(' ')}]` };
  if (plus && type === undefined) throw new Error(`unknown or missing patch type after '+', must be one of [${types.join(' ')}]`);
  return { target, type: (type ?? 'strategic') as PatchType };
}

/** A KubeletConfiguration with patches applied in their order; in one that is strategic lists are replaced, as in upstream's type. @throws Error naming the patch */
export function patched(document: Fields, patches: readonly Patch[]): Fields {
  return patches.reduce((current, patch) => apply(current as JsonObject, patch) as Fields, document);
}

function apply(document: JsonObject, { type, patch }: Patch): unknown {
  try {
    if (type === 'json') return applyJsonPatch(document, patch as readonly JsonPatchOperation[]);
    return type === 'merge' ? applyMergePatch(document, patch) : applyStrategicMergePatch(document, patch as JsonObject, {}, '');
  } catch (error) {
    const which = `patch of type ${goQuote(mediaTypes[type])} to target "kubeletconfiguration"`;
    throw new Error(`could not apply the following ${which}:\n${JSON.stringify(patch)}\n: ${errorMessage(error)}`);
  }
}
