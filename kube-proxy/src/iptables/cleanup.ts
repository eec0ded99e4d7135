import { cleanupChange } from './change.ts';
import type { Rules } from './contract.ts';
import { parseSave } from './save.ts';
import { script } from './script.ts';

/** Deletes all our chains and every rule that leads to them; everybody else's rules stay. */
export async function cleanup(rules: Rules): Promise<void> {
  const text = script([cleanupChange(parseSave(await rules.save()))]);
  if (text !== '') await rules.restore(text);
}
