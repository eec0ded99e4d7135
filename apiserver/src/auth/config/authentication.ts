import { formatFieldErrors } from '@keelson/machinery';
import { decodeConfig, type Shape } from '../../config-file.ts';
import type { AnonymousPolicy } from '../anonymous.ts';
import type { JwtConfig } from '../jwt/types.ts';
import { anonymousErrors } from './anonymous-validation.ts';
import { jwtErrors } from './jwt-validation.ts';

/** What `--authentication-config` says, or the flags that stand for it. */
export interface AuthenticationConfig {
  readonly jwt: readonly JwtConfig[];
  /** As `--anonymous-auth` says when absent. */
  readonly anonymous?: AnonymousPolicy | undefined;
}

const rule: { readonly [member: string]: Shape } = { expression: 'string', message: 'string' };
const mapping: { readonly [member: string]: Shape } = { claim: 'string', expression: 'string' };

const shape: { readonly [member: string]: Shape } = {
  jwt: [
    {
      issuer: {
        ...{ url: 'string', discoveryURL: 'string', certificateAuthority: 'string' },
        ...{ audiences: ['string'], audienceMatchPolicy: 'string', egressSelectorType: 'string' },
      },
      claimValidationRules: [{ ...rule, claim: 'string', requiredValue: 'string' }],
      claimMappings: {
        username: { ...mapping, prefix: 'string' },
        groups: { ...mapping, prefix: 'string' },
        uid: mapping,
        extra: [{ key: 'string', valueExpression: 'string' }],
      },
      userValidationRules: [rule],
    },
  ],
  anonymous: { enabled: 'boolean', conditions: [{ path: 'string' }] },
};

interface AuthenticationFile {
  readonly jwt?: readonly JwtConfig[] | null;
  readonly anonymous?: { readonly enabled?: boolean; readonly conditions?: readonly { readonly path?: string }[] } | null;
}

/**
 * Reads an AuthenticationConfiguration. `ownIssuers`: issuers of service-account tokens, which no other may claim to be.
 * @throws Error in one sentence naming every field that is wrong.
 */
export function parseAuthenticationConfig(text: string, ownIssuers: readonly string[]): AuthenticationConfig {
  const versions = ['v1', 'v1beta1', 'v1alpha1'];
  const { jwt, anonymous } = decodeConfig(text, 'AuthenticationConfiguration', versions, shape) as AuthenticationFile;
  const errors = [...jwtErrors(jwt ?? [], ownIssuers), ...anonymousErrors(anonymous ?? undefined)];
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  if (!anonymous) return { jwt: jwt ?? [] };
  const paths = anonymous.conditions?.length ? anonymous.conditions.map(({ path = '' }) => path) : undefined;
  return { jwt: jwt ?? [], anonymous: { enabled: anonymous.enabled ?? false, paths } };
}
