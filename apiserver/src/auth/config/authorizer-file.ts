import type { Shape } from '../../config-file.ts';

/** An element of `authorizers` as it stands in the file. */
export interface AuthorizerFile {
  readonly type?: string;
  readonly name?: string;
  readonly webhook?: WebhookFile | null;
}

export interface WebhookFile {
  readonly authorizedTTL?: string;
  readonly cacheAuthorizedRequests?: boolean;
  readonly unauthorizedTTL?: string;
  readonly cacheUnauthorizedRequests?: boolean;
  readonly timeout?: string;
  readonly subjectAccessReviewVersion?: string;
  readonly matchConditionSubjectAccessReviewVersion?: string;
  readonly failurePolicy?: string;
  readonly connectionInfo?: { readonly type?: string; readonly kubeConfigFile?: string | null };
  readonly matchConditions?: readonly { readonly expression?: string }[];
}

const webhook: Shape = {
  ...{ authorizedTTL: 'duration', cacheAuthorizedRequests: 'boolean' },
  ...{ unauthorizedTTL: 'duration', cacheUnauthorizedRequests: 'boolean' },
  ...{ timeout: 'duration', failurePolicy: 'string' },
  ...{ subjectAccessReviewVersion: 'string', matchConditionSubjectAccessReviewVersion: 'string' },
  connectionInfo: { type: 'string', kubeConfigFile: 'string' },
  matchConditions: [{ expression: 'string' }],
};
/** Of an AuthorizationConfiguration. */
export const authorizationShape: { readonly [member: string]: Shape } = { authorizers: [{ type: 'string', name: 'string', webhook }] };
