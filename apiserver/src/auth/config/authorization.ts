import { formatFieldErrors } from '@keelson/machinery';
import { decodeConfig } from '../../config-file.ts';
import { type AuthorizerFile, authorizationShape, type WebhookFile } from './authorizer-file.ts';
import { authorizerErrors } from './authorizer-validation.ts';
import { milliseconds } from './durations.ts';

/** One link of the chain of authorizers. */
export type AuthorizerConfig =
  | { readonly type: 'Node' | 'RBAC' | 'AlwaysAllow' | 'AlwaysDeny'; readonly name: string }
  | { readonly type: 'Webhook'; readonly name: string; readonly webhook: WebhookConfig };

/** Times in milliseconds. */
export interface WebhookConfig {
  /** Undefined: that of the service account this server runs as. */
  readonly kubeconfig: string | undefined;
  readonly version: string;
  readonly timeout: number;
  readonly authorizedLife: number;
  readonly unauthorizedLife: number;
  readonly failurePolicy: 'NoOpinion' | 'Deny';
  readonly matchConditions: readonly string[];
}

const fiveMinutes = 300_000;
const halfMinute = 30_000;

/** Reads an AuthorizationConfiguration. @throws Error in one sentence naming every field that is wrong. */
export function parseAuthorizationConfig(text: string): readonly AuthorizerConfig[] {
  const versions = ['v1', 'v1beta1', 'v1alpha1'];
  const { authorizers } = decodeConfig(text, 'AuthorizationConfiguration', versions, authorizationShape) as {
    authorizers?: AuthorizerFile[] | null;
  };
  const errors = authorizerErrors(authorizers ?? []);
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return (authorizers ?? []).map(({ type, name = '', webhook: hook }) =>
    type === 'Webhook' ? { type, name, webhook: webhookOf(hook ?? {}) } : { type: type as 'Node', name },
  );
}

function webhookOf(file: WebhookFile): WebhookConfig {
  const { authorizedTTL, unauthorizedTTL, cacheAuthorizedRequests, cacheUnauthorizedRequests, connectionInfo } = file;
  return {
    kubeconfig: connectionInfo?.type === 'KubeConfigFile' ? (connectionInfo.kubeConfigFile ?? undefined) : undefined,
    version: file.subjectAccessReviewVersion ?? 'v1',
    timeout: milliseconds(file.timeout) ?? halfMinute,
    authorizedLife: cacheAuthorizedRequests === false ? 0 : milliseconds(authorizedTTL) || fiveMinutes,
    unauthorizedLife: cacheUnauthorizedRequests === false ? 0 : milliseconds(unauthorizedTTL) || halfMinute,
    failurePolicy: file.failurePolicy === 'Deny' ? 'Deny' : 'NoOpinion',
    matchConditions: (file.matchConditions ?? []).map(({ expression = '' }) => expression),
  };
}
