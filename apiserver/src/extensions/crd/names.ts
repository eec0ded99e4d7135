import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames } from '@keelson/types';

type Names = Partial<CustomResourceDefinitionNames>;
type Verdict = Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>;

export interface NamesDecision {
  /** What it may be called: each name as wanted where nobody has it, else as accepted before. */
  readonly acceptedNames: Names;
  readonly namesAccepted: Verdict;
  /** Undefined while an established definition asks for names it cannot have: it goes on under those it has. */
  readonly established: Verdict | undefined;
}

/** Names of one group: plural, singular and short names are one set, kinds and list kinds another. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** What a definition may be called, beside what others of its group are called already. Reasons and messages are upstream's. */
export function decideNames(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): NamesDecision {
  const taken = takenBy(others.filter(({ spec }) => spec.group === definition.spec.group));
  const wanted = definition.spec.names;
  const before: Names = definition.status?.acceptedNames ?? {};
  const accepted: Names = { ...before };
  let trouble: Pick<Verdict, 'reason' | 'message'> | undefined;
  const settle = (member: 'plural' | 'singular' | 'kind' | 'listKind', set: ReadonlySet<string>, reason: string): void => {
    const value = wanted[member];
    if (value !== undefined && value !== '' && set.has(value)) trouble = { reason, message: `"${value}" is already in use` };
    else accepted[member] = value as string;
  };
  settle('plural', taken.resources, 'PluralConflict');
  settle('singular', taken.resources, 'SingularConflict');
  const clash = (wanted.shortNames ?? []).filter((name) => taken.resources.has(name));
  if (clash.length === 0) accepted.shortNames = wanted.shortNames;
  else trouble = { reason: 'ShortNamesConflict', message: clash.map((name) => `"${name}" is already in use`).join(', ') };
  settle('kind', taken.kinds, 'KindConflict');
  settle('listKind', taken.kinds, 'ListKindConflict');
  accepted.categories = wanted.categories;
  const was = definition.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
  return { acceptedNames: withoutHoles(accepted), ...verdicts(trouble, was) };
}

function takenBy(others: readonly CustomResourceDefinition[]): Taken {
  const accepted = others.map(({ status }) => status?.acceptedNames ?? ({} as Names));
  const resources = accepted.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]);
  const kinds = accepted.flatMap(({ kind, listKind }) => [kind, listKind]);
  const present = (names: readonly (string | undefined)[]): Set<string> => new Set(names.filter((name): name is string => Boolean(name)));
  return { resources: present(resources), kinds: present(kinds) };
}

function verdicts(trouble: Pick<Verdict, 'reason' | 'message'> | undefined, was: boolean): Omit<NamesDecision, 'acceptedNames'> {
  if (!trouble)
    return {
      namesAccepted: { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
      established: {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    };
  const refused = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  return { namesAccepted: { type: 'NamesAccepted', status: 'False', ...trouble }, established: was ? undefined : refused };
}

function withoutHoles(names: Names): Names {
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined)) as Names;
}
