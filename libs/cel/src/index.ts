/** CEL as Kubernetes speaks it: parsing, types, costs, evaluation and the function libraries of 1.36. Pure. */
export {
  type AdmissionTypes,
  admissionScope,
  compiledVariables,
  mutationScope,
  type NamedExpression,
  type NamedProgram,
  structNameFault,
} from './admission.ts';
export type { Scope } from './check.ts';
export { fromCel, toCel, typedCel } from './convert.ts';
export type { Range } from './costs.ts';
export { type DeviceFacts, deviceCost, deviceMatches, deviceProgram } from './devices.ts';
export { CompileError, CostExceeded, EvaluationError, type Issue, PlanError } from './errors.ts';
export { type Sizes, sizesOf } from './estimate-sizes.ts';
export { type AuthorizationAnswer, type AuthorizationQuery, authorizerValue, resourceCheckValue } from './library/authorization.ts';
export { library } from './library/index.ts';
export { type Evaluation, Program, perCallLimit } from './program.ts';
export { type Regex, regexOf } from './regex/program.ts';
export { cardinality, type Declared, type DeclaredSchema, type DeclareOptions, declare, escapeName, maxRequestSize } from './schema.ts';
export { timestampText } from './time.ts';
export * from './types.ts';
export { Duration, entryOf, keysOf, Opaque, Optional, Timestamp, TypeValue, Uint } from './values.ts';
