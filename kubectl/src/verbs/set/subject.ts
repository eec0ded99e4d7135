import type { Subject } from '@keelson/types';
import { type Context, defineVerb, type Verb } from '../../types.ts';
import { subjectFlags, subjectsOf } from '../create/rbac.ts';
import { changeObjects, nothingToSet, type SetContext, setFlags } from './change.ts';

const flags = { ...setFlags, ...subjectFlags } as const;

export const subject: Verb = defineVerb({
  usage:
    'set subject (-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]',
  flags,
  async run(context) {
    const { args, flags: given }: Context<typeof flags> = context;
    const all = context as unknown as SetContext;
    const wanted = await subjectsAsked(given).catch((error: unknown) => nothingToSet(all, args, (error as Error).message));
    if (wanted.length === 0) return nothingToSet(all, args, 'you must specify at least one value of user, group or serviceaccount');
    await changeObjects(all, args, 'subjects updated', (object, { mapping, name }) => {
      if (mapping.kind !== 'RoleBinding' && mapping.kind !== 'ClusterRoleBinding')
        throw new Error(`${mapping.resource}/${name} setting subjects is only supported for RoleBinding/ClusterRoleBinding`);
      const present = (object.subjects as Subject[] | undefined) ?? [];
      object.subjects = [...present, ...wanted.filter((each) => !present.some((other) => same(each, other)))];
    });
  },
});

async function subjectsAsked(given: Parameters<typeof subjectsOf>[0]): Promise<Subject[]> {
  return subjectsOf(given) as Subject[];
}

function same(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '') && (a.apiGroup ?? '') === (b.apiGroup ?? '');
}
