import { errorMessage } from '@keelson/base';
import { admissionScope, type CelType, compiledVariables, dyn, PlanError, Program, type Scope } from '@keelson/cel';
import { compareStrings, equal } from '@keelson/machinery';
import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyStatus,
} from '@keelson/types';

/** A kind whose schema is known. */
export interface TypedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly type: CelType;
}

/** Finds kinds; undefined for those that are not known. */
export interface KindTypes {
  byResource(group: string, version: string, resource: string): TypedKind | undefined;
  byKind(apiVersion: string, kind: string): TypedKind | undefined;
}

/** More kinds than these are not checked. */
const mostKinds = 10;

/** The policy's status with what its expressions come to for the kinds it is about; undefined when it says so already. */
export function planStatus(policy: ValidatingAdmissionPolicy, types: KindTypes): ValidatingAdmissionPolicyStatus | undefined {
  const warnings = typeWarnings(policy, types);
  const { status = {}, metadata } = policy;
  const wanted = {
    ...status,
    observedGeneration: metadata.generation ?? 0,
    typeChecking: warnings.length > 0 ? { expressionWarnings: warnings } : {},
  };
  return equal(wanted, status) ? undefined : wanted;
}

/** Expressions that are wrong for a kind, with what is wrong. */
export function typeWarnings({ spec }: ValidatingAdmissionPolicy, types: KindTypes): ExpressionWarning[] {
  const kinds = checkedKinds(spec?.matchConstraints?.resourceRules ?? [], types);
  const params = spec?.paramKind && types.byKind(spec.paramKind.apiVersion ?? '', spec.paramKind.kind ?? '');
  const scopes = kinds.map((kind) => ({
    kind,
    scope: scopeFor(kind, spec?.paramKind && { type: params?.type ?? dyn }, spec?.variables ?? []),
  }));
  return (spec?.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
    ...warningsOf(expression, `spec.validations[${index}].expression`, scopes),
    ...(messageExpression ? warningsOf(messageExpression, `spec.validations[${index}].messageExpression`, scopes) : []),
  ]);
}

interface KindScope {
  readonly kind: TypedKind;
  readonly scope: Scope;
}

type Typed = Pick<TypedKind, 'type'>;

/** Upstream looks at types without the request's own check among the variables. */
function scopeFor({ type: object }: Typed, params: Typed | undefined, variables: Parameters<typeof compiledVariables>[1]): Scope {
  const scope = admissionScope({ object, namespace: true, ...(params ? { params: params.type } : {}) });
  const { 'authorizer.requestResource': _check, ...known } = scope.variables;
  return compiledVariables({ ...scope, variables: known }, variables).scope;
}

function warningsOf(expression: string, fieldRef: string, scopes: readonly KindScope[]): ExpressionWarning[] {
  const found = scopes.flatMap(({ kind: { group, version, kind }, scope }) => {
    const problem = problemOf(expression, scope);
    return problem === undefined ? [] : [`${group}/${version}, Kind=${kind}: ${problem}\n`];
  });
  return found.length > 0 ? [{ fieldRef, warning: found.join('\n') }] : [];
}

function problemOf(expression: string, scope: Scope): string | undefined {
  try {
    new Program(expression, scope);
    return undefined;
  } catch (error) {
    // What only a program cannot be made of is right by its types.
    return error instanceof PlanError ? undefined : errorMessage(error);
  }
}

/** The kinds that rules name one by one, in order. A rule with a wildcard may mean anything, and is passed over. */
function checkedKinds(rules: readonly NamedRuleWithOperations[], types: KindTypes): TypedKind[] {
  const found = new Map<string, TypedKind>();
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue;
    const plain = resources.filter((name) => !/[*/]/.test(name));
    for (const [group, version, resource] of combinations(apiGroups, apiVersions, plain)) {
      const kind = types.byResource(group, version, resource);
      if (kind && found.size < mostKinds) found.set(`${kind.group}/${kind.version}/${kind.kind}`, kind);
    }
  }
  return [...found].toSorted(([a], [b]) => compareStrings(a, b)).map(([, kind]) => kind);
}

function combinations(groups: readonly string[], versions: readonly string[], resources: readonly string[]): [string, string, string][] {
  const sorted = (names: readonly string[]): string[] => names.toSorted(compareStrings);
  return sorted(groups).flatMap((group) =>
    sorted(versions).flatMap((version) => sorted(resources).map((resource): [string, string, string] => [group, version, resource])),
  );
}
