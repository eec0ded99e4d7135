import type { Rule } from './rule.ts';

/** Rule's name → the number it must not exceed today. */
export type Ratchet = Readonly<Record<string, number>>;

/** The highest number that passes: the recorded one, or the aim where nothing is recorded. */
export function allowed(rule: Rule, ratchet: Ratchet): number {
  return Math.max(rule.aim, ratchet[rule.name] ?? rule.aim);
}

/** The ratchet after these measurements: numbers only fall, a rule's first number is the measured one, none falls below its aim. */
export function tightened(measured: ReadonlyMap<Rule, number>, ratchet: Ratchet): Ratchet {
  const next = [...measured].map(([rule, value]) => {
    const recorded = ratchet[rule.name] ?? value;
    return [rule.name, Math.max(rule.aim, Math.min(value, recorded))] as const;
  });
  return Object.fromEntries(next);
}
