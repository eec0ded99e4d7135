import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/** Asks every plugin in order; the first refusal ends it by throwing. */
export async function runAdmission(
  plugins: readonly AdmissionPlugin[],
  phase: 'admit' | 'validate',
  attributes: AdmissionAttributes,
): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin[phase]?.(attributes);
    if (pending) await pending;
  }
}
