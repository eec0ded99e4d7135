import { Pod, type Toleration } from '@keelson/types';
import type { AdmissionPlugin } from './types.ts';

/** How long pods stay on a node that is not ready or not reachable, in seconds. */
const seconds = 300;
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit({ operation, store, subresource, object }) {
    if (store.kind.typeName !== Pod.typeName || subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const { spec } = object as Pod;
    for (const key of keys) {
      if (spec.tolerations?.some((toleration) => tolerates(toleration, key))) continue;
      spec.tolerations = [...(spec.tolerations ?? []), { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }];
    }
  },
};

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (key === taint || !key) && (effect === 'NoExecute' || !effect);
}
