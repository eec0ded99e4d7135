import { Rounds } from './rounds.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

/**
 * Asks every plugin in order; the first refusal ends it by throwing. When a webhook or policy has changed the object, all that change objects
 * are asked once more, as upstream.
 */
export async function runAdmission(
  plugins: readonly AdmissionPlugin[],
  phase: 'admit' | 'validate',
  attributes: AdmissionAttributes,
): Promise<void> {
  if (phase === 'validate') return askAll(plugins, phase, attributes);
  const rounds = new Rounds();
  const asked = { ...attributes, rounds };
  await askAll(plugins, phase, asked);
  if (!rounds.wanted) return;
  rounds.isSecond = true;
  await askAll(plugins, phase, asked);
}

async function askAll(plugins: readonly AdmissionPlugin[], phase: 'admit' | 'validate', attributes: AdmissionAttributes): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin[phase]?.(attributes);
    if (pending) await pending;
  }
}
