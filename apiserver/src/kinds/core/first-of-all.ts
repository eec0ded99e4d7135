/**
 * What an old client writes as one value and a new one as a list, of which the one is the first: who writes either has both, and where
 * they differ the one counts, since an old client knows of nothing else. As upstream for addresses of pods and ranges of nodes.
 */
export function firstOfAll(one: string | undefined, all: readonly string[]): readonly string[] {
  return one && one !== all[0] ? [one] : all;
}
