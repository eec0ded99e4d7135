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
