import assert from 'node:assert/strict';
import type { Specs } from '../specs.ts';

export const serverVersion: Specs = {
  async '[sig-api-machinery] server version should find the server version'(c) {
    const { major, minor } = await c.must<{ major: string; minor: string }>({ path: '/version' });
    assert.match(major, /^[1-9]$/);
    assert.equal(/[0-9]+/.exec(minor)?.[0], minor.replace(/[^0-9]+/g, ''));
  },
};
