/** `node test/tidy/main.ts` lists what every rule finds; with `--update` it also lowers ratchet.json to what was measured. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allowed, type Ratchet, tightened } from './ratchet.ts';
import { describeFinding } from './rule.ts';
import { rules } from './rules.ts';
import { readWorkspace } from './workspace.ts';

const file = join(import.meta.dirname, 'ratchet.json');
const ratchet: Ratchet = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const workspace = readWorkspace(join(import.meta.dirname, '../..'));
const measured = new Map(rules.map((rule) => [rule, rule.measure(workspace)]));

for (const [rule, { value, findings }] of measured) {
  console.log(`${rule.name}: ${value} (aim ${rule.aim}, allowed ${allowed(rule, ratchet)})`);
  if (findings.length > 0) console.log(`  instead: ${rule.instead}`);
  for (const finding of findings) console.log(`  ${describeFinding(finding)}`);
}

if (process.argv.includes('--update')) {
  const next = tightened(new Map([...measured].map(([rule, { value }]) => [rule, value])), ratchet);
  writeFileSync(file, `${JSON.stringify(next, null, 2)}\n`);
}
