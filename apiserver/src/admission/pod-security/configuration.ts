import {
  type FieldError,
  type FieldPath,
  fieldDuplicate,
  fieldInvalid,
  fieldRequired,
  formatFieldErrors,
  isDNS1123Label,
  isDNS1123Subdomain,
  path,
} from '@keelson/machinery';
import { levelProblem, type Mode, type Policy, parseLevel, parseVersion, privileged, versionProblem } from './levels.ts';

/** What the administrator says of all namespaces. */
export interface PodSecurityConfiguration {
  readonly defaults: Policy;
  /** Names, each of which is not asked anything. */
  readonly exemptions: {
    readonly usernames: readonly string[];
    readonly runtimeClasses: readonly string[];
    readonly namespaces: readonly string[];
  };
}

/** Where nobody says anything, everything goes. */
export const noPodSecurity: PodSecurityConfiguration = {
  defaults: privileged,
  exemptions: { usernames: [], runtimeClasses: [], namespaces: [] },
};

const group = 'pod-security.admission.config.k8s.io';
const versions = ['v1', 'v1beta1', 'v1alpha1'];
const modes: readonly Mode[] = ['enforce', 'audit', 'warn'];
const exempted = ['usernames', 'runtimeClasses', 'namespaces'] as const;

/**
 * Reads a PodSecurityConfiguration.
 * @throws Error in one sentence: a setting that is not known, or cannot be read, must not be taken for none.
 */
export function parsePodSecurity(document: unknown): PodSecurityConfiguration {
  const { apiVersion, kind, ...content } = mapping(document, 'PodSecurityConfiguration');
  if (kind !== 'PodSecurityConfiguration' || !versions.some((version) => apiVersion === `${group}/${version}`))
    throw new Error(`expected a PodSecurityConfiguration of ${group}/v1, found ${kind ?? 'no kind'} of ${apiVersion ?? 'no version'}`);
  onlyKnown(content, ['defaults', 'exemptions'], '');
  const defaults = mapping(content.defaults ?? {}, 'defaults');
  const exemptions = mapping(content.exemptions ?? {}, 'exemptions');
  onlyKnown(
    defaults,
    modes.flatMap((mode) => [mode, `${mode}-version`]),
    'defaults.',
  );
  onlyKnown(exemptions, exempted, 'exemptions.');
  const errors: FieldError[] = [];
  const policy = Object.fromEntries(modes.map((mode) => [mode, readMode(defaults, mode, errors)])) as Policy;
  const names = (list: (typeof exempted)[number]): readonly string[] => readNames(exemptions, list, errors);
  const found = { usernames: names('usernames'), runtimeClasses: names('runtimeClasses'), namespaces: names('namespaces') };
  if (errors.length > 0) throw new Error(formatFieldErrors(errors));
  return { defaults: policy, exemptions: found };
}

function readMode(defaults: Readonly<Record<string, unknown>>, mode: Mode, errors: FieldError[]): Policy[Mode] {
  const read = <T>(name: string, otherwise: string, parse: (text: string) => T | undefined, problem: string): T | undefined => {
    const given = defaults[name] || otherwise;
    const value = typeof given === 'string' ? parse(given) : undefined;
    if (value === undefined) errors.push(fieldInvalid(path('defaults', name), given, problem));
    return value;
  };
  return {
    level: read(mode, 'privileged', parseLevel, levelProblem) ?? 'restricted',
    minor: read(`${mode}-version`, 'latest', parseVersion, versionProblem) ?? Infinity,
  };
}

function readNames(
  exemptions: Readonly<Record<string, unknown>>,
  list: (typeof exempted)[number],
  errors: FieldError[],
): readonly string[] {
  const names: unknown = exemptions[list] ?? [];
  const at = path('exemptions', list);
  if (!Array.isArray(names)) {
    errors.push(fieldInvalid(at, names, 'must be a list'));
    return [];
  }
  for (const [i, name] of names.entries()) {
    const problem = nameProblem(list, name, at.index(i));
    if (problem) errors.push(problem);
    else if (names.indexOf(name) < i) errors.push(fieldDuplicate(at.index(i), name));
  }
  return names as string[];
}

function nameProblem(list: (typeof exempted)[number], name: unknown, at: FieldPath): FieldError | undefined {
  if (typeof name !== 'string') return fieldInvalid(at, name, 'must be a string');
  if (list === 'usernames') return name === '' ? fieldRequired(at) : undefined;
  const problems = list === 'namespaces' ? isDNS1123Label(name) : isDNS1123Subdomain(name);
  return problems.length > 0 ? fieldInvalid(at, name, problems.join(', ')) : undefined;
}

function mapping(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what}: must be a mapping`);
  return value as Record<string, unknown>;
}

function onlyKnown(value: object, known: readonly string[], at: string): void {
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`strict decoding error: ${unknown.map((name) => `unknown field "${at}${name}"`).join(', ')}`);
}
