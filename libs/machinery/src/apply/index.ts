export { type Application, type Applied, applyConfiguration } from './apply.ts';
export { checkConfiguration, problemsText } from './check.ts';
export { type Changes, compareFields } from './compare.ts';
export { type DuplicateKey, duplicateLines } from './duplicate-lines.ts';
export { decodeFields } from './element.ts';
export { type FieldSet, hasPath, setOf, union as unionFields } from './fields.ts';
export {
  type FieldOwner,
  type FieldVersions,
  type ManagedEntry,
  readManaged,
  sameOwners,
  type TrackedWrite,
  trackField,
  trackUpdate,
  trustManaged,
  writeManaged,
} from './managed.ts';
export { managerName } from './manager.ts';
export { overlay } from './overlay.ts';
export { type MergeSchema, type MergeSchemas, type MergeType, MergeTypes } from './type.ts';
