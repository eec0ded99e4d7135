import { leaderElectionOptions, type OptionSpecs, securePortOptions } from '@keelson/component';

/** kube-scheduler's flags, under upstream's names. */
export const options = {
  ...securePortOptions(10_259),
  ...leaderElectionOptions('kube-scheduler'),
  'scheduler-name': {
    type: 'string',
    default: 'default-scheduler',
    help: 'place only pods that name this scheduler. In upstream part of the configuration file',
    placeholder: 'NAME',
  },
  'pod-initial-backoff-seconds': {
    type: 'number',
    default: 1,
    help: 'how long a pod that could not be placed waits at least. In upstream part of the configuration file',
    placeholder: 'SECONDS',
  },
  'pod-max-backoff-seconds': {
    type: 'number',
    default: 10,
    help: 'how long it waits at most; each time is twice as long as that before. In upstream part of the configuration file',
    placeholder: 'SECONDS',
  },
  'pod-max-in-unschedulable-pods-duration': {
    type: 'duration',
    default: '5m0s',
    help: 'how long a pod that fits nowhere waits for something to happen before it is tried anyway',
    placeholder: 'DURATION',
  },
  profiles: {
    type: 'string',
    default: '',
    help: 'profiles as JSON: names, plugins that filter and score, and what these are told (pluginConfig). In upstream part of the configuration file',
    placeholder: 'JSON',
  },
  extenders: {
    type: 'string',
    default: '',
    help: 'extenders as JSON: servers that filter, score, preempt and bind besides. In upstream part of the configuration file',
    placeholder: 'JSON',
  },
} as const satisfies OptionSpecs;
