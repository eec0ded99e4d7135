import { Pod, type Toleration } from '@keelson/types';
import type { AdmissionPlugin } from './types.ts';

/** How long pods stay on a node that is not ready or not reachable. */
export interface TolerationSeconds {
  readonly notReady: number;
  readonly unreachable: number;
}

const usual: TolerationSeconds = { notReady: 300, unreachable: 300 };

export function defaultTolerationSeconds({ notReady, unreachable } = usual): AdmissionPlugin {
  const seconds = { 'node.kubernetes.io/not-ready': notReady, 'node.kubernetes.io/unreachable': unreachable };
  return {
    name: 'DefaultTolerationSeconds',
    admit({ operation, store, subresource, object }) {
      if (store.kind.typeName !== Pod.typeName || subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
      const { spec } = object as Pod;
      for (const [key, tolerationSeconds] of Object.entries(seconds)) {
        if (spec.tolerations?.some((toleration) => tolerates(toleration, key))) continue;
        spec.tolerations = [...(spec.tolerations ?? []), { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }];
      }
    },
  };
}

function tolerates({ key, effect }: Toleration, taint: string): boolean {
  return (key === taint || !key) && (effect === 'NoExecute' || !effect);
}
