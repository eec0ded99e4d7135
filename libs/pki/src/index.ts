export * from './bootstrap-token.ts';
export * from './certificate.ts';
export type { Credential } from './certify.ts';
export * from './front-proxy.ts';
export * from './issue.ts';
export * from './keys.ts';
export * from './request.ts';
export * from './service-account-token.ts';
export { isKeyUsage, type KeyUsage, type Usage } from './x509.ts';
