import type { Admission } from '../registry/admission.ts';
import type { Registry } from '../registry/registry.ts';
import { Rounds } from './rounds.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/**
 * Asks every plugin in order; the first refusal ends it by throwing. When a webhook or policy has changed the object, all that change objects
 * are asked once more, as upstream.
 */
export function admissionChain(plugins: readonly AdmissionPlugin[]): (registry: Registry) => Admission {
  return (registry) => ({
    async admit(write) {
      const rounds = new Rounds();
      const attributes = { ...write, registry, rounds };
      await askAll(plugins, 'admit', attributes);
      if (!rounds.wanted) return;
      rounds.isSecond = true;
      await askAll(plugins, 'admit', attributes);
    },
    validate: (write) => askAll(plugins, 'validate', { ...write, registry }),
  });
}

async function askAll(plugins: readonly AdmissionPlugin[], phase: 'admit' | 'validate', attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin[phase]?.(attributes);
    if (pending) await pending;
  }
}
