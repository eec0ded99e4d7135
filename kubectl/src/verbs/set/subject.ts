import type { Subject } from '@keelson/types';
import { UsageError } from '../../errors.ts';
import { type Context, defineVerb, type Verb } from '../../types.ts';
import { subjectFlags, subjectsOf } from '../create/rbac.ts';
import { changeObjects, type SetContext, setFlags } from './change.ts';

const flags = { ...setFlags, ...subjectFlags } as const;

export const subject: Verb = defineVerb({
  usage:
    'set subject (-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [options]',
  flags,
  async run(context) {
    const { args, flags: given }: Context<typeof flags> = context;
    const wanted = subjectsOf(given) as Subject[];
    if (wanted.length === 0) throw new UsageError('you must specify at least one value of user, group or serviceaccount', 'examples');
    await changeObjects(context as unknown as SetContext, args, 'subjects updated', (object, { mapping }) => {
      if (mapping.kind !== 'RoleBinding' && mapping.kind !== 'ClusterRoleBinding')
        throw new Error('setting subjects is only supported for RoleBinding/ClusterRoleBinding');
      const present = (object.subjects as Subject[] | undefined) ?? [];
      object.subjects = [...present, ...wanted.filter((each) => !present.some((other) => same(each, other)))];
    });
  },
});

function same(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '') && (a.apiGroup ?? '') === (b.apiGroup ?? '');
}
