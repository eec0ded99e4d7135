import { defineVerb, type Verb, type VerbEntry } from '../../types.ts';

const subverbs: readonly VerbEntry[] = [
  { name: 'history', summary: 'View rollout history', load: async () => (await import('./verbs.ts')).history },
  { name: 'pause', summary: 'Mark the provided resource as paused', load: async () => (await import('./verbs.ts')).pause },
  { name: 'restart', summary: 'Restart a resource', load: async () => (await import('./verbs.ts')).restart },
  { name: 'resume', summary: 'Resume a paused resource', load: async () => (await import('./verbs.ts')).resume },
  { name: 'status', summary: 'Show the status of the rollout', load: async () => (await import('./verbs.ts')).status },
  { name: 'undo', summary: 'Undo a previous rollout', load: async () => (await import('./undo.ts')).undo },
];

export const verb: Verb = defineVerb({ usage: 'rollout SUBCOMMAND [options]', flags: {}, bare: 'stdout', subverbs });
