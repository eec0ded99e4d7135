import type { FlagSpecs } from '../flags.ts';
import type { AnyObject, Context } from '../types.ts';

/** Where the command stands that changed an object last; `rollout history` shows it of each revision. */
const changeCause = 'kubernetes.io/change-cause';

export const recordFlag = {
  record: {
    type: 'bool',
    hidden: true,
    deprecated: '--record will be removed in the future',
    help: 'Record current kubectl command in the resource annotation.',
  },
} as const satisfies FlagSpecs;

/** What of a context says how the command was called. */
export type Called = Pick<Context, 'args' | 'given' | 'path'> & { readonly flags: object };

/** With `--record`, the object with the command that changes it in its annotations; else the object itself. */
export function recorded(context: Called, object: AnyObject): AnyObject {
  const patch = causePatch(context);
  if (!patch) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, ...patch.metadata.annotations } } };
}

/** With `--record`, the merge patch that leaves the command in an object's annotations. */
export function causePatch(context: Called): { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } } | undefined {
  if ((context.flags as { readonly record?: unknown }).record !== true) return undefined;
  return { metadata: { annotations: { [changeCause]: [context.path, ...context.args, ...context.given].join(' ') } } };
}
