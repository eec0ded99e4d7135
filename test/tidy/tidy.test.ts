import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { allowed, type Ratchet } from './ratchet.ts';
import { describeFinding } from './rule.ts';
import { rules } from './rules.ts';
import { readWorkspace } from './workspace.ts';

describe('the repository is tidy', () => {
  const workspace = readWorkspace(join(import.meta.dirname, '../..'));
  const ratchet: Ratchet = JSON.parse(readFileSync(join(import.meta.dirname, 'ratchet.json'), 'utf8'));
  for (const rule of rules) {
    test(rule.name, () => {
      const { value, findings } = rule.measure(workspace);
      const limit = allowed(rule, ratchet);
      const message = [`${rule.name}: ${value}, and at most ${limit} is allowed.`, `Instead: ${rule.instead}.`];
      assert.ok(value <= limit, [...message, ...findings.map((one) => `  ${describeFinding(one)}`)].join('\n'));
    });
  }
});
