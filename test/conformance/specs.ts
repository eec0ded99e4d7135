import type { Context } from './context.ts';

/** What one spec does. @throws when the cluster does not behave. */
export type Spec = (context: Context) => Promise<void>;

/** Specs by the title of Kubernetes' own suite that they stand for; a title may be followed by ` / ` and words of ours. */
export type Specs = Readonly<Record<string, Spec>>;
