export * from './bootstrap-token.ts';
export * from './certificate.ts';
export * from './front-proxy.ts';
export * from './issue.ts';
export * from './keys.ts';
export * from './service-account-token.ts';
export type { Usage } from './x509.ts';
