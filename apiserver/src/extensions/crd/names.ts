import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames } from '@keelson/types';
import { caBundleProblem } from '../../kinds/apiextensions/ca-bundle.ts';

type Names = Partial<CustomResourceDefinitionNames>;
type Verdict = Pick<CustomResourceDefinitionCondition, 'type' | 'status' | 'reason' | 'message'>;

export interface NamesDecision {
  /** What it may be called: each name as wanted where nobody has it, else as accepted before. */
  readonly acceptedNames: Names;
  readonly namesAccepted: Verdict;
  /** Undefined while an established definition asks for names it cannot have: it goes on under those it has. */
  readonly established: Verdict | undefined;
}

/** What a definition is called, and in which group. */
interface Held {
  readonly group: string;
  readonly places: readonly string[];
}

/** What the definitions of a server are called. Names of one group: plural, singular and short names are one set, kinds and list kinds another. */
export class NamesInUse {
  /** Who has a name; by set, group and name. */
  readonly #holders = new Map<string, Set<string>>();
  /** Of every definition there is. */
  readonly #held = new Map<string, Held>();

  /** From now on the definition has the names it has been granted, and no others. */
  take({ metadata, spec, status }: CustomResourceDefinition): void {
    const { name = '' } = metadata;
    const { plural, singular, shortNames = [], kind, listKind } = status?.acceptedNames ?? ({} as Names);
    const placesOf = (set: NameSet, names: readonly (string | undefined)[]): string[] =>
      names.filter(Boolean).map((it = '') => placeOf(set, spec.group, it));
    this.release(name);
    const places = [...placesOf('resources', [plural, singular, ...shortNames]), ...placesOf('kinds', [kind, listKind])];
    this.#held.set(name, { group: spec.group, places });
    for (const place of places) this.#holders.set(place, (this.#holders.get(place) ?? new Set()).add(name));
  }

  release(definition: string): void {
    for (const place of this.#held.get(definition)?.places ?? []) {
      const holders = this.#holders.get(place);
      holders?.delete(definition);
      if (holders?.size === 0) this.#holders.delete(place);
    }
    this.#held.delete(definition);
  }

  /** The definitions there are; of one group, where it is told. */
  definitions(group?: string): string[] {
    return [...this.#held].flatMap(([name, held]) => (group === undefined || held.group === group ? [name] : []));
  }

  has(definition: string): boolean {
    return this.#held.has(definition);
  }

  /** Whether a definition other than this one has the name. */
  isTaken(set: NameSet, { metadata, spec }: CustomResourceDefinition, name: string): boolean {
    const holders = this.#holders.get(placeOf(set, spec.group, name));
    return holders !== undefined && (holders.size > 1 || !holders.has(metadata.name ?? ''));
  }
}

type NameSet = 'resources' | 'kinds';

function placeOf(set: NameSet, group: string, name: string): string {
  return `${set} ${group} ${name}`;
}

/** What a definition may be called, beside what others of its group are called already. Reasons and messages are upstream's. */
export function decideNames(definition: CustomResourceDefinition, inUse: NamesInUse): NamesDecision {
  const wanted = definition.spec.names;
  const before: Names = definition.status?.acceptedNames ?? {};
  const accepted: Names = { ...before };
  let trouble: Pick<Verdict, 'reason' | 'message'> | undefined;
  const settle = (member: 'plural' | 'singular' | 'kind' | 'listKind', set: NameSet, reason: string): void => {
    const value = wanted[member];
    if (value && inUse.isTaken(set, definition, value)) trouble = { reason, message: `"${value}" is already in use` };
    else accepted[member] = value as string;
  };
  settle('plural', 'resources', 'PluralConflict');
  settle('singular', 'resources', 'SingularConflict');
  const clash = (wanted.shortNames ?? []).filter((name) => inUse.isTaken('resources', definition, name));
  if (clash.length === 0) accepted.shortNames = wanted.shortNames;
  else trouble = { reason: 'ShortNamesConflict', message: together(clash.map((name) => `"${name}" is already in use`)) };
  settle('kind', 'kinds', 'KindConflict');
  settle('listKind', 'kinds', 'ListKindConflict');
  accepted.categories = wanted.categories;
  const was = definition.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
  return { acceptedNames: withoutHoles(accepted), ...verdicts(trouble, was, definition) };
}

/** Several messages as upstream tells them. */
function together(messages: readonly string[]): string {
  const all = [...new Set(messages)];
  return all.length > 1 ? `[${all.join(', ')}]` : (all[0] ?? '');
}

function verdicts(
  trouble: Pick<Verdict, 'reason' | 'message'> | undefined,
  was: boolean,
  { spec }: CustomResourceDefinition,
): Omit<NamesDecision, 'acceptedNames'> {
  if (!trouble) {
    const namesAccepted = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
    const unread = !was && caBundleProblem(spec.conversion?.webhook?.clientConfig?.caBundle);
    return { namesAccepted, established: unread ? untrusting : initially };
  }
  const refused = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  return { namesAccepted: { type: 'NamesAccepted', status: 'False', ...trouble }, established: was ? undefined : refused };
}

const initially = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
};
const untrusting = {
  type: 'Established',
  status: 'False',
  reason: 'InvalidCABundle',
  message: 'The conversion webhook CABundle is invalid',
};

function withoutHoles(names: Names): Names {
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined)) as Names;
}
