import type { LabelSelector, PolicyRule, RoleRef, Subject } from '@keelson/types';
import type { AnyObject } from '../../types.ts';
import { uncovered } from './covers.ts';

/** What must be done to a role or a binding, and what it changes. */
export interface Reconciled {
  readonly action: 'none' | 'create' | 'update' | 'recreate';
  /** As it is to be afterwards. */
  readonly object: AnyObject;
  readonly missingRules: readonly PolicyRule[];
  readonly extraRules: readonly PolicyRule[];
  readonly missingSubjects: readonly Subject[];
  readonly extraSubjects: readonly Subject[];
  /** It says by its annotation that it is to be left alone. */
  readonly protected: boolean;
}

export interface Removals {
  readonly permissions: boolean;
  readonly subjects: boolean;
}

const optOut = 'rbac.authorization.kubernetes.io/autoupdate';
const nothing = { missingRules: [], extraRules: [], missingSubjects: [], extraSubjects: [], protected: false } as const;

/** Brings what is there, if anything is, to at least what a manifest wants; with removals, to just that. */
export function reconcile(wanted: AnyObject, live: AnyObject | undefined, removals: Removals): Reconciled {
  const isRole = wanted.kind === 'Role' || wanted.kind === 'ClusterRole';
  if (!live) {
    const [missingRules, missingSubjects] = [isRole ? (rulesOf(wanted) ?? []) : [], isRole ? [] : subjectsOf(wanted)];
    return { ...nothing, action: 'create', object: wanted, missingRules, missingSubjects };
  }
  return isRole ? reconcileRole(wanted, live, removals) : reconcileBinding(wanted, live, removals);
}

function reconcileRole(wanted: AnyObject, live: AnyObject, { permissions }: Removals): Reconciled {
  const aggregates = wanted.aggregationRule !== undefined || live.aggregationRule !== undefined;
  const [mine, theirs] = [rulesOf(wanted) ?? [], rulesOf(live) ?? []];
  // The rules of a role that gathers others' are the controller's.
  const missingRules = aggregates ? [] : uncovered(theirs, mine);
  const extraRules = aggregates ? [] : uncovered(mine, theirs);
  const selectors = joined(selectorsOf(live), selectorsOf(wanted), permissions);
  const removing = permissions && extraRules.length > 0;
  const metadata = withMarks(live, wanted);
  const changed = missingRules.length > 0 || removing || selectors.changed || metadata.changed;
  const object = {
    ...live,
    metadata: metadata.value,
    ...(aggregates ? { aggregationRule: { clusterRoleSelectors: selectors.value } } : {}),
    ...(aggregates ? {} : { rules: removing ? mine : [...theirs, ...missingRules] }),
  };
  return { ...nothing, action: changed ? 'update' : 'none', object, missingRules, extraRules, protected: isProtected(live) };
}

function reconcileBinding(wanted: AnyObject, live: AnyObject, { subjects: removeSubjects }: Removals): Reconciled {
  const [mine, theirs] = [subjectsOf(wanted), subjectsOf(live)];
  const missingSubjects = mine.filter((one) => !theirs.some((other) => sameSubject(one, other)));
  const extraSubjects = theirs.filter((one) => !mine.some((other) => sameSubject(one, other)));
  const kept = removeSubjects ? theirs.filter((one) => !extraSubjects.includes(one)) : theirs;
  const metadata = withMarks(live, wanted);
  const found = { ...nothing, missingSubjects, extraSubjects, protected: isProtected(live) };
  const subjects = [...kept, ...missingSubjects];
  // What a binding refers to cannot be changed: another takes its place, with nobody of the first.
  if (!sameRole(wanted.roleRef as RoleRef, live.roleRef as RoleRef)) {
    const { uid: _uid, resourceVersion: _version, ...anew } = metadata.value;
    const object = { ...live, metadata: anew, roleRef: wanted.roleRef, subjects: mine };
    return { ...nothing, action: 'recreate', object, protected: isProtected(live) };
  }
  const changed = missingSubjects.length > 0 || (removeSubjects && extraSubjects.length > 0) || metadata.changed;
  return { ...found, action: changed ? 'update' : 'none', object: { ...live, metadata: metadata.value, subjects } };
}

/** Labels and annotations of both; the manifest's win. */
function withMarks(live: AnyObject, wanted: AnyObject): { value: AnyObject['metadata']; changed: boolean } {
  const marks = (['labels', 'annotations'] as const).map((name) => {
    const before = live.metadata[name] ?? {};
    const after = { ...before, ...wanted.metadata[name] };
    const changed = Object.entries(after).some(([key, value]) => before[key] !== value);
    return { name, after, changed };
  });
  const changed = marks.filter((mark) => mark.changed);
  return {
    value: { ...live.metadata, ...Object.fromEntries(changed.map(({ name, after }) => [name, after])) },
    changed: changed.length > 0,
  };
}

function joined(live: readonly LabelSelector[], wanted: readonly LabelSelector[], remove: boolean) {
  const has = (all: readonly LabelSelector[], one: LabelSelector): boolean =>
    all.some((each) => JSON.stringify(each) === JSON.stringify(one));
  const missing = wanted.filter((one) => !has(live, one));
  const extra = live.filter((one) => !has(wanted, one));
  const value = remove ? wanted : [...live, ...missing];
  return { value, changed: missing.length > 0 || (remove && extra.length > 0) };
}

const rulesOf = ({ rules }: AnyObject): PolicyRule[] | undefined => (rules as PolicyRule[] | null | undefined) ?? undefined;

const subjectsOf = ({ subjects }: AnyObject): Subject[] => (subjects as Subject[] | null | undefined) ?? [];

function selectorsOf({ aggregationRule }: AnyObject): LabelSelector[] {
  return (aggregationRule as { clusterRoleSelectors?: LabelSelector[] } | undefined)?.clusterRoleSelectors ?? [];
}

function isProtected({ metadata }: AnyObject): boolean {
  return metadata.annotations?.[optOut] === 'false';
}

const groups: Readonly<Record<string, string>> = { User: 'rbac.authorization.k8s.io', Group: 'rbac.authorization.k8s.io' };

function sameSubject(a: Subject, b: Subject): boolean {
  const group = ({ apiGroup, kind }: Subject): string => apiGroup || (groups[kind] ?? '');
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '') && group(a) === group(b);
}

function sameRole(a: RoleRef, b: RoleRef): boolean {
  return a.kind === b.kind && a.name === b.name;
}
