import assert from 'node:assert/strict';
import type { Specs } from '../../specs.ts';
import { once, output } from '../run.ts';
import { programOf } from './agents.ts';

export const netIssuer: Specs = {
  async '[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer'(c) {
    // Upstream binds the role to every service account of the namespace only where it must; the default binding has to do.
    const sources = [{ serviceAccountToken: { path: 'token', audience: 'oidc-discovery-test', expirationSeconds: 3600 } }];
    const container = programOf(
      'oidc.mjs',
      { AUDIENCE: 'oidc-discovery-test' },
      { volumeMounts: [{ name: 'token', mountPath: '/var/run/oidc' }] },
    );
    const pod = once('oidc-discovery-validator', [container], { volumes: [{ name: 'token', projected: { sources } }] });
    const printed = await output(c, pod);
    assert.match(printed, /the token is the issuer's/);
  },
};
