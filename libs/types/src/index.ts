/** Kubernetes' types and kinds. Importing it loads the kind descriptors only; schemas are `@keelson/types/schemas`. */
export type * from '../generated/flat.ts';
export * from '../generated/kinds.ts';
export { type Kind, type KindFacts, kind, type ObjectOf } from './kind.ts';
export type * from './meta.ts';
