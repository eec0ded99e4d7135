import type { Authorizer } from './types.ts';

/** `--authorization-mode=AlwaysAllow`. */
export const alwaysAllow: Authorizer = {
  name: 'AlwaysAllow',
  authorize: () => ({ type: 'allow', reason: '' }),
  knownRules: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    problems: [],
  }),
};

/** `--authorization-mode=AlwaysDeny`: has no opinion on anything, as upstream, which refuses what nobody else allows. */
export const alwaysDeny: Authorizer = {
  name: 'AlwaysDeny',
  authorize: () => ({ type: 'noOpinion', reason: 'Everything is forbidden.' }),
};
